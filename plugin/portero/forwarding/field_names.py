"""A line of the decision log in the field names of others: Elastic Common Schema, Open Cybersecurity Schema Framework.

docs/forwarding.md has the table. What has no name there stands below `portero` (ECS) or `unmapped` (OCSF) as it is.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal, TypeAlias, cast

from portero.types import JSON

Format = Literal["portero", "ecs", "ocsf"]
Line: TypeAlias = Mapping[str, JSON]

# OCSF 1.3: class API Activity, activity Other.
_API_ACTIVITY, _APPLICATION, _OTHER = 6003, 6, 99
_INFORMATIONAL, _MEDIUM = 1, 3
_ELSEWHERE = frozenset(
    {"id", "traceId", "time", "user", "groups", "operation", "apiVersion", "method", "path", "image", "allowed"}
)


def _ecs(line: Line) -> dict[str, JSON]:
    allowed = bool(line.get("allowed"))
    named: dict[str, JSON] = {
        "@timestamp": line.get("time"),
        "ecs": {"version": "8.11.0"},
        "event": {
            "id": line.get("id"),
            "kind": "event",
            "category": ["configuration"],
            "type": ["allowed" if allowed else "denied"],
            "action": line.get("operation"),
            "outcome": "success" if allowed else "failure",
            "provider": "portero",
            "duration": cast(int, line.get("microseconds") or 0) * 1000,
        },
        "http": {"request": {"method": line.get("method")}},
        "url": {"path": line.get("path")},
        "user": {"name": line.get("user"), "group": {"name": line.get("groups") or []}},
        "container": {"image": {"name": line.get("image")}},
        "rule": {"id": _rules(line), "ruleset": line.get("profile")},
    }
    if "traceId" in line:
        named["trace"] = {"id": line["traceId"]}
    return named | {"portero": _others(line) | {"apiVersion": line.get("apiVersion")}}


def _ocsf(line: Line) -> dict[str, JSON]:
    allowed = bool(line.get("allowed"))
    groups = cast("list[JSON]", line.get("groups") or [])
    named: dict[str, JSON] = {
        "category_uid": _APPLICATION,
        "class_uid": _API_ACTIVITY,
        "activity_id": _OTHER,
        "activity_name": line.get("operation"),
        "type_uid": _API_ACTIVITY * 100 + _OTHER,
        "time": _milliseconds(str(line.get("time"))),
        "severity_id": _INFORMATIONAL if allowed else _MEDIUM,
        "status_id": 1 if allowed else 2,
        "action_id": 1 if allowed else 2,
        "metadata": {"version": "1.3.0", "uid": line.get("id"), "product": {"name": "Portero"}},
        "actor": {"user": {"name": line.get("user"), "groups": [{"name": group} for group in groups]}},
        "api": {"operation": line.get("operation"), "version": line.get("apiVersion"), "service": {"name": "docker"}},
        "http_request": {"http_method": line.get("method"), "url": {"path": line.get("path")}},
        "resources": [{"type": "image", "name": line.get("image")}] if line.get("image") else [],
    }
    if "alike" in line:
        named["count"] = line["alike"]
    if "traceId" in line:
        named["metadata"] = {**cast("dict[str, JSON]", named["metadata"]), "correlation_uid": line["traceId"]}
    return named | {"unmapped": _others(line)}


def _rules(line: Line) -> list[JSON]:
    entries = cast("list[dict[str, JSON]]", line.get("violations") or [])
    return [*dict.fromkeys(entry.get("rule") for entry in entries)]


def _others(line: Line) -> dict[str, JSON]:
    return {name: value for name, value in line.items() if name not in _ELSEWHERE}


def _milliseconds(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError:
        return 0


RENAME: Mapping[Format, Callable[[Line], Mapping[str, JSON]]] = MappingProxyType(
    {"portero": lambda line: line, "ecs": _ecs, "ocsf": _ocsf}
)
