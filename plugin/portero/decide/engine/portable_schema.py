"""Rewrites a schema of our dialect so that all engines report the same failures and read its patterns alike."""

import re
from collections.abc import Callable, Collection, Mapping

from portero.decide.values.json_fields import JSON

# Keywords whose value is a schema, a list of schemas, or schemas by name.
ONE_SCHEMA = ("additionalProperties", "propertyNames", "items", "contains", "not", "if", "then", "else")
MANY_SCHEMAS = ("allOf", "anyOf")
NAMED_SCHEMAS = ("properties", "$defs")

# A dot in a pattern; escapes and classes match first, since a dot in them is a plain dot.
_DOT = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\.")
_ANY = r"[\s\S]"


def to_portable(schema: Mapping[str, JSON]) -> dict[str, JSON]:
    """The same schema with every `false` in it written as {"not": {}}, and with dots that mean any character.

    Engines report `items: false` and `additionalProperties: false` at different paths (the list, or its items); all
    report {"not": {}} at the value itself. A dot does not match a line feed in one engine, nor three more line ends in
    the other: a path with such a character would not match a rule's pattern.
    """
    portable = map_schemas(schema, _make_portable, (*ONE_SCHEMA, *MANY_SCHEMAS, *NAMED_SCHEMAS))
    if isinstance(pattern := schema.get("pattern"), str):
        portable["pattern"] = _DOT.sub(lambda match: _ANY if match[0] == "." else match[0], pattern)
    return portable


def map_schemas(
    schema: Mapping[str, JSON], change: Callable[[JSON], JSON], keywords: Collection[str]
) -> dict[str, JSON]:
    """The same schema with each one changed that stands directly in these keywords."""

    def change_all(keyword: str, value: JSON) -> JSON:
        if keyword in MANY_SCHEMAS and isinstance(value, list):
            return [change(one) for one in value]
        if keyword in NAMED_SCHEMAS and isinstance(value, dict):
            return {name: change(one) for name, one in value.items()}
        return change(value)

    return {keyword: change_all(keyword, value) if keyword in keywords else value for keyword, value in schema.items()}


def _make_portable(schema: JSON) -> JSON:
    if schema is False:
        return {"not": {}}
    return to_portable(schema) if isinstance(schema, dict) else schema
