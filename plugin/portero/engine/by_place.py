"""Takes a schema apart by the places in a request that it asks about, and finds by them where a request fails.

An engine's error brings a copy of the value that fails: 10,000 labels take 2 ms. Whether a value at a known place is
right is found out without any.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from portero.engine.check import Check, InstancePath, sort_paths
from portero.types import JSON

# Keywords that fail at the very value that they are about, and whose schemas report nothing of their own.
_ABOUT_ITSELF = frozenset({"type", "required", "const", "enum", "not"})

Schemas: TypeAlias = Mapping[InstancePath, Mapping[str, JSON]]


def split_by_place(schema: JSON, place: InstancePath = ()) -> Schemas | None:
    """What a portable schema asks of the value at each place; None when its failures can be elsewhere, too."""
    if schema is True:
        return {}
    if not isinstance(schema, dict):
        return None
    own = {keyword: value for keyword, value in schema.items() if keyword != "properties"}
    properties = schema.get("properties", {})
    if not own.keys() <= _ABOUT_ITSELF or not isinstance(properties, dict):
        return None
    found: dict[InstancePath, Mapping[str, JSON]] = {place: own} if own else {}
    for name, inner in properties.items():
        below = split_by_place(inner, (*place, name))
        if below is None:
            return None
        found |= below
    return found


class CheckByPlace:
    """One schema, as a check of each place."""

    def __init__(self, schemas: Schemas, compile_one: Callable[[Mapping[str, JSON]], Check]) -> None:
        self._checks = {place: compile_one(schema) for place, schema in schemas.items()}

    def is_satisfied(self, request: JSON) -> bool:
        """As in Check."""
        return not self.failures(request)

    def failures(self, request: JSON) -> tuple[InstancePath, ...]:
        """As in Check."""
        return sort_paths({place for place, check in self._checks.items() if _fails(check, request, place)})


def _fails(check: Check, request: JSON, place: InstancePath) -> bool:
    value = request
    for name in place:
        if not isinstance(value, dict) or name not in value:
            return False  # `properties` asks nothing of what is not there
        value = value[name]
    return not check.is_satisfied(value)
