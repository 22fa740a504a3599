"""Which one condition of an exception a request fails: a match in parts and a request in, a place and a sentence out.

Of the request only its operation, its user, its image, and numbers and truth values among the facts are repeated.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast

from portero.decide.engine import Check
from portero.decide.policy.site import REFERENCE
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON

_PARTS = ("properties", "allOf")
_SHOWN = (("operation",), ("identity", "user"), ("facts", "image"))
# Beyond so many a match is not taken apart: each costs time in every refused request that it could waive.
_MAX_CONDITIONS = 20
_MAX_NAMED = 3


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a match: where it stands in the request, and what it asks for in words."""

    path: tuple[str, ...]
    check: Check
    wanted: str
    of_entries: bool = False


def take_apart(match: JSON, compile_part: Callable[[JSON], Check]) -> tuple[Condition, ...]:
    """The conditions of a match, all of which must hold; none where there are too many."""
    parts = list(list_parts(match))
    if len(parts) > _MAX_CONDITIONS:
        return ()
    return tuple(
        Condition(path, compile_part(_wrap(path, part)), _describe(part), "contains" in part) for path, part in parts
    )


def find_miss(conditions: Sequence[Condition], request: JSON) -> tuple[str, str] | None:
    """Where and why the request fails, when it fails one condition of several."""
    failed = [condition for condition in conditions if not condition.check.is_satisfied(request)]
    if len(failed) != 1 or len(conditions) == 1:
        return None
    return ".".join(failed[0].path), _explain(failed[0], request)


def list_parts(schema: JSON, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, JSON]]]:
    """Each condition of a match with where it stands in the request: all of them must hold."""
    if not isinstance(schema, dict):
        return
    for each in cast("list[JSON]", schema.get("allOf", [])):
        yield from list_parts(each, path)
    for name, inner in cast("dict[str, JSON]", schema.get("properties", {})).items():
        yield from list_parts(inner, (*path, name))
    rest = {keyword: value for keyword, value in schema.items() if keyword not in _PARTS}
    if rest:
        yield path, rest


def _wrap(path: Sequence[str], part: JSON) -> JSON:
    for name in reversed(path):
        part = {"properties": {name: part}}
    return part


def _describe(part: Mapping[str, JSON]) -> str:
    if "const" in part:
        return _format_value(part["const"])
    if "enum" in part:
        named = [_format_value(value) for value in cast("list[JSON]", part["enum"])]
        return " or ".join(named if len(named) <= _MAX_NAMED else [*named[:_MAX_NAMED], "others"])
    reference = cast(str, part.get("$ref", ""))
    return f"in {reference.removeprefix(REFERENCE)} of site.json" if reference.startswith(REFERENCE) else ""


def _explain(condition: Condition, request: JSON) -> str:
    value = request
    for name in condition.path:
        if not isinstance(value, dict) or name not in value:
            return "missing"
        value = value[name]
    if condition.of_entries:
        return "no entry is as the match asks"
    if not condition.wanted or not _is_shown(condition.path, value):
        return f"not {condition.wanted}" if condition.wanted else "not as the match asks"
    return f"{_format_value(value)} is not {condition.wanted}"


def _is_shown(path: tuple[str, ...], value: JSON) -> bool:
    if isinstance(value, (dict, list)):
        return False
    is_text = isinstance(value, str)
    return any(path[: len(shown)] == shown for shown in _SHOWN) or (path[:1] == ("facts",) and not is_text)


def _format_value(value: JSON) -> str:
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value) or "empty"
