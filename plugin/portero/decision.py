"""What was decided about one request, and why: plain frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from portero.refusals import CODES
from portero.types import JSON

LOG_VERSION = 1
# Worst first. `always` is the level of what could not be read: no profile lifts it.
LEVELS = ("always", "baseline", "hardened", "restricted", "advisory")


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule, or one refusal code (level `always`), at one place of the request."""

    rule: str
    level: str
    place: str
    action: Literal["deny", "audit"]
    reason: str
    remedy: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is known of the request that was judged; empty where it could not be read."""

    operation: str = ""
    method: str = ""
    path: str = ""
    version: str | None = None
    user: str = ""
    client: str = ""
    image: str | None = None
    reads: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Allow or deny, with every violation in a fixed order. `fault` is an error of Portero's own, for its log."""

    id: str
    time: float
    subject: Subject
    violations: tuple[Violation, ...]
    policy: str
    profile: str
    mode: str
    fault: Exception | None = None

    @property
    def allowed(self) -> bool:
        """Whether the request may go on."""
        return not any(violation.action == "deny" for violation in self.violations)

    def line(self, microseconds: int) -> dict[str, JSON]:
        """The document of the decision log (schemas/decision.json): places and names, never values."""
        when = datetime.fromtimestamp(self.time, UTC).isoformat(timespec="milliseconds")
        return {
            "version": LOG_VERSION,
            "id": self.id,
            "time": when.replace("+00:00", "Z"),
            "user": self.subject.user,
            "operation": self.subject.operation,
            "apiVersion": self.subject.version,
            "method": self.subject.method,
            "path": self.subject.path,
            "image": self.subject.image,
            "allowed": self.allowed,
            "mode": self.mode,
            "profile": self.profile,
            "violations": [
                {"rule": v.rule, "level": v.level, "place": v.place, "action": v.action} for v in self.violations
            ],
            "policy": self.policy,
            "microseconds": microseconds,
        }


def refusal(code: str, place: str, action: Literal["deny", "audit"] = "deny") -> Violation:
    """The violation that stands for a refusal code."""
    words = CODES[code]
    return Violation(code, "always", place, action, words.reason, {"docker": words.remedy})


def in_order(violations: tuple[Violation, ...]) -> tuple[Violation, ...]:
    """Denials before reports, worst level first, then rule and place: the same request gives the same text."""
    return tuple(sorted(violations, key=lambda v: (v.action != "deny", LEVELS.index(v.level), v.rule, v.place)))
