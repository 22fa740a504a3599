"""What an engine is: it compiles a schema of our dialect into a check, and a check names the places that fail."""

import re
from collections.abc import Mapping
from typing import Protocol, TypeAlias

from portero.types import JSON

# The way to a value inside a request: names and indices, as an engine reports it.
InstancePath: TypeAlias = tuple[str | int, ...]

# Keywords whose value is a schema, a list of schemas, or schemas by name.
ONE_SCHEMA = ("additionalProperties", "propertyNames", "items", "contains", "not", "if", "then", "else")
MANY_SCHEMAS = ("allOf", "anyOf")
NAMED_SCHEMAS = ("properties", "$defs")


class Check(Protocol):
    """One compiled schema."""

    def failures(self, request: JSON) -> tuple[InstancePath, ...]:
        """The instance paths of every failure, sorted and unique; empty when the request satisfies the schema."""
        ...


class Checks(Protocol):
    """Compiled schemas by name, of which many can be asked at once."""

    def __getitem__(self, name: str) -> Check:
        """The one of that name, alone."""
        ...

    def failures(self, names: tuple[str, ...], request: JSON) -> dict[str, tuple[InstancePath, ...]]:
        """What each of `names` that fails says alone, in the order of `names`; empty when all are satisfied."""
        ...


class Engine(Protocol):
    """A JSON Schema implementation behind the one question that Portero asks."""

    name: str

    def compile(self, schema: Mapping[str, JSON], resources: Mapping[str, Mapping[str, JSON]]) -> Check:
        """A check of `schema`; a $ref may name one of `resources` (`site#/$defs/...`), and nothing else."""
        ...

    def gather(self, schemas: Mapping[str, Mapping[str, JSON]], resources: Mapping[str, Mapping[str, JSON]]) -> Checks:
        """Checks of several schemas; raises what `compile` raises."""
        ...


class OneByOne(dict[str, Check]):
    """Checks that are asked one after the other."""

    def failures(self, names: tuple[str, ...], request: JSON) -> dict[str, tuple[InstancePath, ...]]:
        """As in Checks."""
        found = {name: self[name].failures(request) for name in names}
        return {name: paths for name, paths in found.items() if paths}


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


def in_order(paths: set[InstancePath]) -> tuple[InstancePath, ...]:
    """Sorted with indices as numbers, so that entry 10 comes after entry 9."""
    if len(paths) < 2:
        return tuple(paths)
    return tuple(sorted(paths, key=lambda path: [(isinstance(step, str), str(step).zfill(12)) for step in path]))


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
