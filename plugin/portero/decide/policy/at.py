"""From where a rule failed in the request document to `at`, the place in the request."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

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


def spell_at(request: JSON, path: Sequence[str | int]) -> str:
    """`at` of the deepest fact on the failing path, otherwise the path itself: HostConfig.Mounts[0], ?networkmode."""
    # Of facts and objects only: `at` elsewhere is a name that the client chose.
    if path and path[0] in ("facts", "objects"):
        value: Any = request
        deepest = None
        for step in path:
            value = value.get(step) if isinstance(value, dict) else _step(value, step)
            if isinstance(value, dict) and isinstance(at := value.get("at"), str):
                deepest = at
        if deepest is not None:
            return deepest
    if tuple(path) in _LISTS:
        operation = follow(request, ("operation",))
        return _LISTS[tuple(path)][isinstance(operation, str) and operation.startswith("Service")]
    if len(path) > 1 and path[0] == "body":
        return _join(path[1:])
    if len(path) > 1 and path[0] == "query":
        return f"?{_join(path[1:2])}"
    return _join(path)


def is_default(request: JSON, path: Sequence[str | int]) -> bool:
    """Whether what failed is a default of the daemon (facts.daemonDefaults), or a fact with one in it."""
    filled = follow(request, ("facts", "daemonDefaults"))
    if not filled or not isinstance(filled, list) or len(path) < 2 or path[0] != "facts":
        return False
    failed, value = _join(path[1:]), follow(request, path)
    is_a_fact = isinstance(value, dict) and isinstance(value.get("at"), str)
    return any(
        _is_below(failed, default) or (is_a_fact and _is_below(default, failed))
        for default in filled
        if isinstance(default, str)
    )


def is_protected(request: JSON, path: Sequence[str | int]) -> bool:
    """Whether a rule fails at an existing object that violates one which protects."""
    used = follow(request, path[:3]) if path[:1] == ("objects",) else None
    return isinstance(used, dict) and used.get("protected") is True


def _is_below(inner: str, outer: str) -> bool:
    return inner == outer or inner.startswith((f"{outer}.", f"{outer}["))


def follow(value: JSON, path: Sequence[str | int]) -> JSON:
    """What stands at a path; None where nothing does."""
    found: Any = value
    for step in path:
        found = found.get(step) if isinstance(found, dict) else _step(found, step)  # an index is never a name
    return found  # type: ignore[no-any-return]


def _step(value: Any, step: str | int) -> Any:
    """Into what is no object."""
    return value[step] if isinstance(value, list) and isinstance(step, int) and step < len(value) else None


def _join(path: Sequence[str | int]) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" if _NAME.fullmatch(step) else "[*]" for step in path)
    return "".join(steps).lstrip(".")
