"""Lines of a decision log."""

import json


def line(id: str = "d-1", *, allowed: bool = False, **more: object) -> dict[str, object]:
    """A decision as the log has it."""
    return {
        "version": 2,
        "id": id,
        "time": "2026-11-24T15:00:00.123Z",
        "user": "alicia",
        "groups": ["dev"],
        "operation": "ContainerCreate",
        "apiVersion": "1.45",
        "method": "POST",
        "path": "/v1.45/containers/create",
        "image": "busybox",
        "allowed": allowed,
        "profile": "hardened",
        "violations": [{"rule": "no-privileged", "action": "deny"}, {"rule": "no-privileged", "action": "deny"}],
        "policy": "abc",
        "microseconds": 300,
        **more,
    }


def text(id: str = "d-1", *, allowed: bool = False, **more: object) -> bytes:
    """The same as it is written, with its end of line."""
    return json.dumps(line(id, allowed=allowed, **more), separators=(",", ":")).encode() + b"\n"
