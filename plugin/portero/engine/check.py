"""What an engine is: it compiles a schema of our dialect into a check, and a check names the places that fail."""

from collections.abc import Mapping
from typing import Protocol, TypeAlias

from portero.types import JSON

# The way to a value inside a request: names and indices, as an engine reports it.
InstancePath: TypeAlias = tuple[str | int, ...]


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


def in_order(paths: set[InstancePath]) -> tuple[InstancePath, ...]:
    """Sorted with indices as numbers, so that entry 10 comes after entry 9."""
    if len(paths) < 2:
        return tuple(paths)
    return tuple(sorted(paths, key=lambda path: [(isinstance(step, str), str(step).zfill(12)) for step in path]))
