"""A decision for tests: those of its fields that matter to one are given."""

from typing import Any

from portero.decide.decision import Decision, Subject, Violation


def decided(*violations: Violation, **fields: Any) -> Decision:
    plain: dict[str, Any] = {
        "id": "d-1",
        "time": 0.0,
        "subject": Subject(),
        "policy": "p",
        "profile": "hardened",
        "mode": "enforce",
    }
    return Decision(**plain | fields, violations=violations)
