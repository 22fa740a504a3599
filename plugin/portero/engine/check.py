"""What an engine is: it compiles a schema of our dialect into a check, and a check lists where a request fails."""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from portero.types import JSON

# Where a value is in a request: the names and indices that lead to it, ("body", "HostConfig", "Binds", 0).
InstancePath: TypeAlias = tuple[str | int, ...]


class Check(Protocol):
    """One compiled schema."""

    def is_satisfied(self, request: JSON) -> bool:
        """Whether there is no failure; quicker than a list of them."""
        ...

    def failures(self, request: JSON) -> tuple[InstancePath, ...]:
        """The instance paths of every failure, sorted and unique; empty when the request satisfies the schema."""
        ...


class Checks(Protocol):
    """Compiled schemas by name; a set of them is checked in one call."""

    def __getitem__(self, name: str) -> Check:
        """The check of one schema."""
        ...

    def failures(self, names: tuple[str, ...], request: JSON) -> dict[str, tuple[InstancePath, ...]]:
        """The failures by name, in the order of `names`, without the schemas that are satisfied."""
        ...

    def make_ready(self, names: tuple[str, ...]) -> None:
        """Do now what `failures` would do when it is first asked for these names."""
        ...


class Engine(Protocol):
    """A JSON Schema implementation."""

    name: str

    def compile(self, schema: Mapping[str, JSON], resources: Mapping[str, Mapping[str, JSON]]) -> Check:
        """A check of `schema`; a $ref may point into one of `resources` (`site#/$defs/...`) and nowhere else."""
        ...

    def prepare(self, resources: Mapping[str, Mapping[str, JSON]]) -> Callable[[Mapping[str, JSON]], Check]:
        """What `compile` does, for many schemas: the resources are read once."""
        ...

    def gather(self, schemas: Mapping[str, Mapping[str, JSON]], resources: Mapping[str, Mapping[str, JSON]]) -> Checks:
        """Checks of several schemas by name; raises what `compile` raises."""
        ...


class OneByOne(dict[str, Check]):
    """Checks that are made one after the other."""

    def failures(self, names: tuple[str, ...], request: JSON) -> dict[str, tuple[InstancePath, ...]]:
        """As in Checks."""
        found = {name: self[name].failures(request) for name in names}
        return {name: paths for name, paths in found.items() if paths}

    def make_ready(self, names: tuple[str, ...]) -> None:
        """As in Checks: each was made when it was put in."""


def sort_paths(paths: set[InstancePath]) -> tuple[InstancePath, ...]:
    """The paths in order; indices are sorted as numbers, so that entry 10 comes after entry 9."""
    if len(paths) < 2:
        return tuple(paths)
    return tuple(sorted(paths, key=_sort_key))


def _sort_key(path: InstancePath) -> str:
    """One text: thousands of lists take many times longer to compare."""
    return "\0".join([f"{step:012}" if isinstance(step, int) else f"~{step.zfill(12)}" for step in path])
