"""Runs the JSON Schema of a rule: jsonschema-rs decides, jsonschema is the oracle of `portero test`.

An engine compiles a schema of our dialect into a check, and a check lists where a request fails. Each is imported when
it is first used: they are slow to load.
Imports: decide.values.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON

# Where a value is in a request: the names and indices that lead to it, ("body", "HostConfig", "Binds", 0).
InstancePath: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """One compiled schema.

    `failures`: the instance paths of every failure in a request, sorted and unique; empty when it satisfies the schema.
    `is_satisfied`: whether it does; quicker than a list of them, which has a copy of what fails.
    """

    is_satisfied: Callable[[JSON], bool]
    failures: Callable[[JSON], tuple[InstancePath, ...]]


@dataclass(frozen=True, slots=True)
class Engine:
    """A JSON Schema implementation. `prepare`: what `compile` does, for many schemas: the resources are read once."""

    name: str
    prepare: Callable[[Mapping[str, Mapping[str, JSON]]], Callable[[Mapping[str, JSON]], Check]]

    def compile(self, schema: Mapping[str, JSON], resources: Mapping[str, Mapping[str, JSON]]) -> Check:
        """A check of `schema`; a $ref may point into one of `resources` (`site#/$defs/...`) and nowhere else."""
        return self.prepare(resources)(schema)


def sort_paths(paths: set[InstancePath]) -> tuple[InstancePath, ...]:
    """The paths in order; indices are sorted as numbers, so that entry 10 comes after entry 9."""
    return tuple(sorted(paths, key=_write_path) if len(paths) > 1 else paths)


def _write_path(path: InstancePath) -> str:
    """One text: thousands of lists take many times longer to compare."""
    return "\0".join([f"{step:012}" if isinstance(step, int) else f"~{step.zfill(12)}" for step in path])
