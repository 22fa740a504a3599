"""Runs the JSON Schema of a rule: jsonschema-rs decides, jsonschema is the oracle of `portero test`.

An engine compiles a schema of our dialect into a check, and a check lists where a request fails. Each is imported when
it is first used: they are slow to load.
Imports: values.
"""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from portero.values.json_types import JSON

# Where a value is in a request: the names and indices that lead to it, ("body", "HostConfig", "Binds", 0).
InstancePath: TypeAlias = tuple[str | int, ...]


class Check(Protocol):
    """One compiled schema."""

    @property
    def is_satisfied(self) -> Callable[[JSON], bool]:
        """Whether there is no failure in a request; quicker than a list of them, which has a copy of what fails."""

    def failures(self, request: JSON) -> tuple[InstancePath, ...]:
        """The instance paths of every failure, sorted and unique; empty when the request satisfies the schema."""


class Engine(Protocol):
    """A JSON Schema implementation."""

    name: str

    def compile(self, schema: Mapping[str, JSON], resources: Mapping[str, Mapping[str, JSON]]) -> Check:
        """A check of `schema`; a $ref may point into one of `resources` (`site#/$defs/...`) and nowhere else."""
        return self.prepare(resources)(schema)

    def prepare(self, resources: Mapping[str, Mapping[str, JSON]]) -> Callable[[Mapping[str, JSON]], Check]:
        """What `compile` does, for many schemas: the resources are read once."""


def sort_paths(paths: set[InstancePath]) -> tuple[InstancePath, ...]:
    """The paths in order; indices are sorted as numbers, so that entry 10 comes after entry 9."""

    def sort_key(path: InstancePath) -> str:
        """One text: thousands of lists take many times longer to compare."""
        return "\0".join([f"{step:012}" if isinstance(step, int) else f"~{step.zfill(12)}" for step in path])

    return tuple(sorted(paths, key=sort_key) if len(paths) > 1 else paths)
