"""Reads the lines of a decision log, also where dockerd wrapped them in its own log.

The file is untrusted: a line of another format is refused, and characters that a terminal or a browser could interpret
are replaced.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from portero.decide.decision import LOG_VERSION
from portero.decide.policy.dialect import PROFILES
from portero.decide.values.dataclass import dataclass
from portero.decide.values.denial_parts import Proposed
from portero.decide.values.json_fields import JSON, items, need, to_object
from portero.tools.report.log_violation import OUTCOMES, LoggedViolation, read_text, read_violation

# logrus's text formatter quotes with Go's strconv.Quote: of printable ASCII, which decisions are, a JSON string.
# journalctl puts date, host and process before it, unless it is asked for -o cat.
_LINE = re.compile(rb'(?:^|: )time="[^"]*" level=info msg=(?P<text>"[^"\\]*(?:\\.[^"\\]*)*") plugin=[0-9a-f]{64}\s*$')

# Faster to find than the whole.
_MARK = b" level=info msg="


def find_plugin_line(line: bytes) -> bytes:
    """The line of a managed plugin in a line of dockerd's log; any other line as it is."""
    match = _LINE.search(line) if _MARK in line else None
    if match is None:
        return line
    try:
        return str(json.loads(match["text"])).encode()
    except ValueError:
        return line


MAX_LINE = 1 << 20
_MAX_FLAG = 1000
# Steps of a page that begin before it, or end after it, have a date too.
_LATEST = datetime(9000, 1, 1, tzinfo=UTC).timestamp()


@dataclass(frozen=True)
class LoggedDecision:
    """One decision, as logged. `time` is in seconds since 1970; texts are empty where the log has none."""

    id: str
    time: float
    user: str
    operation: str
    version: str
    method: str
    path: str
    image: str
    allowed: bool
    mode: str
    profile: str
    audit_profile: str
    policy: str
    microseconds: int
    violations: tuple[LoggedViolation, ...]
    groups: tuple[str, ...] = ()
    identified_by: str = ""
    breaks_glass: bool = False
    is_probe: bool = False
    proposed: Proposed | None = None
    owners: tuple[str, ...] = ()

    @property
    def outcome(self) -> Literal["refused", "would", "allowed"]:
        if not self.allowed:
            return "refused"
        return "would" if any(one.outcome == "would" for one in self.violations) else "allowed"

    @property
    def refusing(self) -> tuple[LoggedViolation, ...]:
        """The violations that refuse the request, or would."""
        return tuple(one for one in self.violations if one.outcome in ("refused", "would"))

    @property
    def worst(self) -> tuple[LoggedViolation, ...]:
        """Of each rule the worst violation, the worst first: a rule counts once in a decision."""
        worst: dict[str, LoggedViolation] = {}
        for one in self.worst_first:
            worst.setdefault(one.rule, one)
        return tuple(worst.values())

    @property
    def worst_first(self) -> tuple[LoggedViolation, ...]:
        return tuple(sorted(self.violations, key=lambda one: OUTCOMES.index(one.outcome)))

    @property
    def only_audit_profile_refuses(self) -> bool:
        """Whether the audit profile would refuse what the enforced one allows."""
        return self.outcome == "allowed" and any(one.outcome == "stricter" for one in self.violations)


def read_decision(line: bytes) -> LoggedDecision | None:
    """The decision in a line; None: the line is not one of a decision log."""
    try:
        document = _parse(find_plugin_line(line))
        return _make_decision(document) if document["version"] == LOG_VERSION else None
    # Raised by text that is not JSON, and by a document of another shape.
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None


def _parse(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        # A byte of a path that is not UTF-8 is half a surrogate pair in the log, which only Python reads.
        return json.loads(line)


def _make_decision(document: Mapping[str, Any]) -> LoggedDecision:
    profile, mode = document["profile"], document["mode"]
    audit_profile = document.get("auditProfile") or ""
    if profile not in PROFILES or audit_profile not in ("", *PROFILES) or mode not in ("enforce", "audit"):
        raise ValueError
    microseconds = document["microseconds"]
    return LoggedDecision(
        id=read_text(document["id"]),
        time=read_time(read_text(document["time"])),
        user=read_text(document["user"]),
        operation=read_text(document["operation"]),
        version=read_text(document["apiVersion"] or ""),
        method=read_text(document["method"]),
        path=read_text(document["path"]),
        image=read_text(document["image"] or ""),
        allowed=need(document, "allowed", bool),
        mode=str(mode),
        profile=str(profile),
        audit_profile=str(audit_profile),
        policy=read_text(document["policy"]),
        microseconds=microseconds if isinstance(microseconds, int) else 0,
        violations=tuple(
            read_violation(to_object(violation), str(profile)) for violation in need(document, "violations", list)
        ),
        groups=tuple(map(read_text, items(document, "groups"))),
        identified_by=read_text(document.get("identifiedBy", "")),
        breaks_glass=document.get("breakGlass") is True,
        is_probe=document.get("probe") is True,
        proposed=_read_proposal(need(document, "try", dict)) if "try" in document else None,
        owners=tuple(map(read_text, items(document, "owners"))) if "owners" in document else (),
    )


def _read_proposal(tried: Mapping[str, JSON]) -> Proposed:
    """The proposal of a denial; its command follows from the operation."""
    add, instead, without = (tuple(map(_read_flag, need(tried, name, list))) for name in ("add", "instead", "without"))
    return Proposed("", add, instead, without, tuple(map(read_text, items(tried, "still"))))


def _read_flag(words: object) -> tuple[str, ...]:
    if not isinstance(words, list) or len(words) not in (1, 2):
        raise TypeError
    return tuple(read_text(word, _MAX_FLAG) for word in words)


def read_time(time: str) -> float:
    """Seconds since 1970; raises ValueError or OverflowError for an invalid time, or one of no log."""
    when = datetime.fromisoformat(time)
    # Without a zone it would be read as local time.
    seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    if not 0 <= seconds < _LATEST:
        raise ValueError("no time of a log")
    return seconds
