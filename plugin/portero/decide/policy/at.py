"""From where a rule failed in the request document to `at`, the place in the request, and to the facts on the way."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

from portero.decide.values.json_fields import JSON

# Names of Docker and Portero. Others (labels, variables) may hold secrets or control characters: never echoed.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")


# An entry that is missing has no place: `at` is the list, of a container and of a service.
_LISTS: Mapping[tuple[str | int, ...], tuple[str, str]] = {
    ("facts", "capabilities", "drop"): ("HostConfig.CapDrop", "TaskTemplate.ContainerSpec.CapabilityDrop"),
    ("facts", "ulimits"): ("HostConfig.Ulimits", "TaskTemplate.ContainerSpec.Ulimits"),
    ("facts", "networks"): ("HostConfig.NetworkMode", "TaskTemplate.Networks"),
    ("facts", "blockIO"): ("HostConfig.BlkioDevice[*]", "TaskTemplate.Resources"),
}


# Where a rule failed: `at`, the path, the value there, and the facts on the way as one: an inner one's values go before
# an outer one's. A tuple: an object takes four times as long to make.
Failure: TypeAlias = tuple[str, tuple[str | int, ...], JSON, Mapping[str, JSON]]


def find_failure(request: JSON, path: tuple[str | int, ...]) -> Failure:
    """The failure at a path. `at` is the deepest fact's, or the path itself: HostConfig.Mounts[0], ?networkmode."""
    value: Any = request
    fact: Mapping[str, JSON] = {}
    # Of facts and objects only: `at` elsewhere is a name that the client chose.
    has_facts = bool(path) and path[0] in ("facts", "objects")
    try:
        for step in path:
            value = value[step]
            if has_facts and isinstance(value, dict) and isinstance(value.get("at"), str):
                fact = {**fact, **value} if fact else value
    except (LookupError, TypeError):
        value = None
    return cast(str, fact["at"]) if fact else _spell_path(request, path), path, value, fact


def _spell_path(request: JSON, path: tuple[str | int, ...]) -> str:
    if path in _LISTS:
        operation = follow(request, ("operation",))
        return _LISTS[path][isinstance(operation, str) and operation.startswith("Service")]
    if len(path) > 1 and path[0] == "body":
        return _join(path[1:])
    if len(path) > 1 and path[0] == "query":
        return f"?{_join(path[1:2])}"
    return _join(path)


def is_default(defaults: JSON, failure: Failure) -> bool:
    """Whether what failed is a default of the daemon (facts.daemonDefaults), or a fact with one in it."""
    _, path, value, _ = failure
    if not defaults or not isinstance(defaults, list) or len(path) < 2 or path[0] != "facts":
        return False
    failed, is_a_fact = _join(path[1:]), isinstance(value, dict) and isinstance(value.get("at"), str)
    return any(
        _is_below(failed, default) or (is_a_fact and _is_below(default, failed))
        for default in defaults
        if isinstance(default, str)
    )


def _is_below(inner: str, outer: str) -> bool:
    return inner == outer or inner.startswith((f"{outer}.", f"{outer}["))


def follow(value: JSON, path: Sequence[str | int]) -> JSON:
    """What stands at a path; None where nothing does."""
    found: Any = value
    for step in path:
        if isinstance(found, dict):
            found = found.get(step)  # an index is never a name
        else:
            found = found[step] if isinstance(found, list) and isinstance(step, int) and step < len(found) else None
    return found  # type: ignore[no-any-return]


def _join(path: Sequence[str | int]) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" if _NAME.fullmatch(step) else "[*]" for step in path)
    return "".join(steps).lstrip(".")
