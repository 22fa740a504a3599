"""Where a schema fails, by checks of the values themselves: errors of an engine have a copy of what fails.

Most rules lead by names to a few values, and ask something of each. For others their engine lists its errors.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias, cast

from portero.decide.engine import InstancePath
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_types import JSON

# Keywords that fail at the value itself, as in every engine.
_AT_VALUE = frozenset(
    (
        *("anyOf", "const", "contains", "enum", "not", "pattern", "required", "type", "uniqueItems"),
        *("maximum", "minimum", "maxItems", "minItems", "maxLength", "minLength"),
    )
)
_LEADING = ("allOf", "items", "properties")
# Names that lead to a value; None: to each entry of a list.
_Way: TypeAlias = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """`checks`: of the values that a way leads to."""

    checks: Sequence[tuple[_Way, Callable[[JSON], bool]]]

    def list_failures(self, request: JSON) -> set[InstancePath]:
        return {path for way, is_satisfied in self.checks for path in _follow(request, way, (), is_satisfied)}


def find_places(schema: JSON, way: _Way = ()) -> Iterator[tuple[_Way, Mapping[str, JSON]]]:
    """What a portable schema asks, and of what; raises LookupError where it can fail elsewhere."""
    if not isinstance(schema, dict):  # true: nothing
        return
    own = {keyword: value for keyword, value in schema.items() if keyword not in _LEADING}
    if not own.keys() <= _AT_VALUE:
        raise LookupError
    if own:
        yield way, own
    for inner in cast("list[JSON]", schema.get("allOf", [])):
        yield from find_places(inner, way)
    for name, inner in cast("dict[str, JSON]", schema.get("properties", {})).items():
        yield from find_places(inner, (*way, name))
    yield from find_places(schema.get("items"), (*way, None))


def _follow(value: JSON, way: _Way, path: InstancePath, is_satisfied: Callable[[JSON], bool]) -> Iterator[InstancePath]:
    for at, name in enumerate(way):
        if name is None:
            for index, entry in enumerate(value if isinstance(value, list) else ()):
                yield from _follow(entry, way[at + 1 :], (*path, index), is_satisfied)
            return
        if not isinstance(value, dict) or name not in value:
            return
        value, path = value[name], (*path, name)
    if not is_satisfied(value):
        yield path
