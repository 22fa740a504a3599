"""The one place where a schema can fail, if it has only one: then whether it fails is all that an engine need tell.

A schema of our dialect and what it may refer to come in, an instance path comes out.
"""

from collections.abc import Iterator, Mapping
from typing import cast

from portero.engine.check import InstancePath
from portero.types import JSON

# Keywords whose failure lies at the value that they are applied to, whatever is in them.
# fmt: off
_HERE = frozenset({
    "type", "enum", "const", "required", "contains", "minItems", "maxItems", "minLength", "maxLength", "pattern",
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "anyOf", "not",
})
# fmt: on
_NEVER = frozenset({"if", "description", "$comment"})
# Our own references are one or two deep; in a circle there is no end.
_DEEPEST = 8

# Of what fails in many places, or in places that are not known.
_MANY: tuple[None] = (None,)


def only_place(schema: Mapping[str, JSON], resources: Mapping[str, Mapping[str, JSON]]) -> InstancePath | None:
    """The instance path of every failure; None when there can be several."""
    places = {*_places(dict(schema), resources, _DEEPEST)}
    return places.pop() if len(places) == 1 else None


def _places(schema: JSON, resources: Mapping[str, Mapping[str, JSON]], depth: int) -> Iterator[InstancePath | None]:
    if not isinstance(schema, dict) or depth == 0:
        yield from () if schema is True else _MANY
        return
    for keyword, value in schema.items():
        if keyword in _HERE:
            yield ()
        elif keyword in ("then", "else"):
            yield from _places(value, resources, depth)
        elif keyword == "allOf":
            for one in cast(list[JSON], value):
                yield from _places(one, resources, depth)
        elif keyword == "properties":
            yield from _below(cast(dict[str, JSON], value), resources, depth)
        elif keyword == "$ref":
            yield from _places(_named(cast(str, value), resources), resources, depth - 1)
        elif keyword not in _NEVER:
            yield None


def _below(
    properties: Mapping[str, JSON], resources: Mapping[str, Mapping[str, JSON]], depth: int
) -> Iterator[InstancePath | None]:
    for name, schema in properties.items():
        for place in _places(schema, resources, depth):
            yield None if place is None else (name, *place)


def _named(reference: str, resources: Mapping[str, Mapping[str, JSON]]) -> JSON:
    """The schema behind a reference (site#/$defs/registries); None when it is not plainly there."""
    resource, _, name = reference.partition("#/$defs/")
    definitions = resources.get(resource, {}).get("$defs")
    return definitions.get(name) if isinstance(definitions, dict) else None
