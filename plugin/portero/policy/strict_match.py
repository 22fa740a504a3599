"""The match of an exception read strictly: a name that it misspells must match nothing, not everything."""

from collections.abc import Mapping, Sequence
from typing import cast

from portero.engine.portable_schema import MANY_SCHEMAS
from portero.types import JSON

_ONE_SCHEMA = ("additionalProperties", "items", "contains", "then", "else")
_SPEAKS_OF: Mapping[str, Sequence[str]] = {
    "object": ("properties", "required", "additionalProperties", "propertyNames"),
    "array": ("items", "contains", "minItems", "maxItems"),
    "string": ("pattern", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
}


def make_strict(schema: JSON) -> JSON:
    """The same schema, which also asks for the properties that it names and for the types that it speaks of.

    Below `not` and `if` nothing changes: there, to ask for more would be to match more.
    """
    if not isinstance(schema, dict):
        return schema
    read = {keyword: _strict_value(keyword, value) for keyword, value in schema.items()}
    types = [kind for kind, spoken in _SPEAKS_OF.items() if any(keyword in schema for keyword in spoken)]
    if types:
        read.setdefault("type", [*types])
    if "properties" in schema:
        named = [*cast(list[str], schema.get("required", [])), *cast(dict[str, JSON], schema["properties"])]
        read["required"] = [*dict.fromkeys(named)]
    return read


def _strict_value(keyword: str, value: JSON) -> JSON:
    if keyword in _ONE_SCHEMA:
        return make_strict(value)
    if keyword in MANY_SCHEMAS:
        return [make_strict(one) for one in cast(list[JSON], value)]
    if keyword == "properties":
        return {name: make_strict(one) for name, one in cast(dict[str, JSON], value).items()}
    return value
