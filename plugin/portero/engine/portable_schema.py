"""A schema of our dialect, written so that all engines fail it at the same places and read its patterns alike."""

import re
from collections.abc import Mapping

from portero.types import JSON

# Keywords whose value is a schema, a list of schemas, or schemas by name.
ONE_SCHEMA = ("additionalProperties", "propertyNames", "items", "contains", "not", "if", "then", "else")


MANY_SCHEMAS = ("allOf", "anyOf")


NAMED_SCHEMAS = ("properties", "$defs")


# A dot of a pattern, behind what else it may stand in: an escape, a class.
_DOT = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\.")


_ANY = r"[\s\S]"


def plain(schema: Mapping[str, JSON]) -> dict[str, JSON]:
    """The same schema with every `false` in it written as {"not": {}}, and with dots that mean any character.

    Engines place `items: false` and `additionalProperties: false` differently (on the list, on its items);
    a failing {"not": {}} is placed by all of them on the culprit itself. A dot leaves out the line feed to one engine,
    and three more line ends to the other: behind one of those a path would hide from a rule.
    """
    return {keyword: _plain_value(keyword, value) for keyword, value in schema.items()}


def _plain_value(keyword: str, value: JSON) -> JSON:
    if keyword in ONE_SCHEMA:
        return _plain_schema(value)
    if keyword in MANY_SCHEMAS and isinstance(value, list):
        return [_plain_schema(one) for one in value]
    if keyword in NAMED_SCHEMAS and isinstance(value, dict):
        return {name: _plain_schema(one) for name, one in value.items()}
    if keyword == "pattern" and isinstance(value, str):
        return _DOT.sub(lambda found: _ANY if found[0] == "." else found[0], value)
    return value


def _plain_schema(schema: JSON) -> JSON:
    if schema is False:
        return {"not": {}}
    return plain(schema) if isinstance(schema, dict) else schema
