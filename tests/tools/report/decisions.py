"""Lines of a decision log, as Portero writes them and as others might."""

import json
from typing import Any

TIME = "2026-11-24T16:00:00.123Z"
SECONDS = 1795536000.123


def violation(rule: str = "no-privileged", action: str = "deny", **more: Any) -> dict[str, Any]:
    return {"rule": rule, "level": "baseline", "at": "HostConfig.Privileged", "action": action, **more}


def decision(*violations: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "version": 2,
        "id": "d-0123456789ab",
        "time": TIME,
        "user": "alice",
        "operation": "ContainerCreate",
        "apiVersion": "1.45",
        "method": "POST",
        "path": "/containers/create",
        "image": "busybox",
        "allowed": not any(one["action"] == "deny" for one in violations),
        "mode": "enforce",
        "profile": "hardened",
        "violations": list(violations),
        "daemonDefaults": [],
        "policy": "ab" * 32,
        "microseconds": 800,
        **more,
    }


def line(*violations: dict[str, Any], **more: Any) -> bytes:
    return json.dumps(decision(*violations, **more)).encode() + b"\n"
