"""Reads the lines of a decision log. The file is untrusted: a line of another format is refused, and characters that
a terminal or a browser could interpret are replaced.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Literal, TypeAlias

from portero.decision import LEVELS, LOG_VERSION
from portero.denial import Proposed
from portero.policy.dialect import PROFILES
from portero.report.daemon_log import find_plugin_line

Outcome: TypeAlias = Literal["refused", "would", "stricter", "reported", "waived"]

LONGEST_LINE = 1 << 20
_LONGEST_TEXT = 200
_LONGEST_FLAG = 1000
# The most that PORTERO_LOG_READS can say.
_MOST_ALIKE = 100_000
# Version 1 wrote `place` where version 2 writes `at`.
_VERSIONS = (1, LOG_VERSION)
_OUTCOMES: Mapping[str, Outcome] = {"deny": "refused", "audit": "would", "waived": "waived"}
_NOT_SHOWN = "\N{REPLACEMENT CHARACTER}"


class NoDecision(Exception):
    """The line is not one of a decision log."""


@dataclass(frozen=True, slots=True)
class LoggedViolation:
    """One violation. `would`: not refused only because of mode audit or the site's action audit; `stricter`: the audit
    profile would refuse it; `reported`: the rule only reports under both profiles.
    """

    rule: str
    level: str
    at: str
    outcome: Outcome
    exception: str
    near_miss: str = ""
    asked: str = ""
    allowed: str = ""


@dataclass(frozen=True)
class Logged:
    """One decision, as logged. `time` is in seconds since 1970; texts are empty where the log has none.

    `is_earlier`: it is of an earlier version of the log, which the next release does not read.
    `stands_for`: for so many allowed reads of its kind, itself included (PORTERO_LOG_READS).
    """

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
    is_earlier: bool
    groups: tuple[str, ...] = ()
    identified_by: str = ""
    breaks_glass: bool = False
    proposed: Proposed | None = None
    stands_for: int = 1

    def repeat(self, id: str, time: str, microseconds: int) -> "Logged":
        """The same decision, made again; raises NoDecision for a time that is none.

        All fields but three are taken as they are: to make a new value of each takes longer than to read a line.
        """
        again = object.__new__(Logged)
        try:
            again.__dict__.update(self.__dict__, id=id, time=_seconds(time), microseconds=microseconds)
        except (ValueError, OverflowError):
            raise NoDecision from None
        return again

    @cached_property
    def outcome(self) -> Literal["refused", "would", "allowed"]:
        """What became of the request."""
        if not self.allowed:
            return "refused"
        return "would" if any(one.outcome == "would" for one in self.violations) else "allowed"

    @cached_property
    def refusing(self) -> tuple[LoggedViolation, ...]:
        """What refuses the request, or would."""
        return tuple(one for one in self.violations if one.outcome in ("refused", "would"))

    @cached_property
    def only_audit_profile_refuses(self) -> bool:
        """Whether the audit profile would refuse what the enforced one allows."""
        return self.outcome == "allowed" and any(one.outcome == "stricter" for one in self.violations)


def read(line: bytes) -> Logged:
    """The decision in a line; raises NoDecision."""
    try:
        document = json.loads(find_plugin_line(line))
        if document["version"] not in _VERSIONS:
            raise NoDecision
        return _logged(document)
    # RecursionError: brackets enough exhaust the parser; the rest is what a document of another shape gives.
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise NoDecision from None


def _logged(document: Mapping[str, object]) -> Logged:
    profile, mode, allowed = document["profile"], document["mode"], document["allowed"]
    audit_profile = document.get("auditProfile") or ""
    if profile not in PROFILES or audit_profile not in ("", *PROFILES):
        raise NoDecision
    if mode not in ("enforce", "audit") or not isinstance(allowed, bool):
        raise NoDecision
    violations = document["violations"]
    if not isinstance(violations, list):
        raise NoDecision
    microseconds = document["microseconds"]
    return Logged(
        id=_text(document["id"]),
        time=_seconds(_text(document["time"])),
        user=_text(document["user"]),
        operation=_text(document["operation"]),
        version=_text(document["apiVersion"] or ""),
        method=_text(document["method"]),
        path=_text(document["path"]),
        image=_text(document["image"] or ""),
        allowed=allowed,
        mode=str(mode),
        profile=str(profile),
        audit_profile=str(audit_profile),
        policy=_text(document["policy"]),
        microseconds=microseconds if isinstance(microseconds, int) else 0,
        violations=tuple(_violation(violation, str(profile)) for violation in violations),
        is_earlier=document["version"] != LOG_VERSION,
        groups=_groups(document.get("groups", [])),
        identified_by=_text(document.get("identifiedBy", "")),
        breaks_glass=document.get("breakGlass") is True,
        proposed=_proposed(document["try"]) if "try" in document else None,
        stands_for=_count(document["alike"]) if "alike" in document else 1,
    )


def _count(value: object) -> int:
    """More than the setting allows is no line of Portero's: one forged line must not move the sums at will."""
    if not isinstance(value, int) or not 1 < value <= _MOST_ALIKE:
        raise NoDecision
    return value


def _violation(violation: Mapping[str, object], profile: str) -> LoggedViolation:
    at = violation["at"] if "at" in violation else violation["place"]
    refusing, exception, near_miss = (violation.get(name, "") for name in ("profile", "exception", "nearMiss"))
    found: LoggedViolation = _one_violation(
        violation["rule"], violation["level"], at, violation["action"], refusing, exception, near_miss, profile
    )
    if "asked" not in violation:
        return found
    return replace(found, asked=_text(violation["asked"]), allowed=_text(violation.get("allowed", "")))


# Most decisions of a log violate what others before them did. TypeError: a value that is no text, such as a list.
@lru_cache(maxsize=4096, typed=True)
def _one_violation(
    rule: object,
    level_: object,
    at: object,
    action: object,
    refusing_: object,
    exception: object,
    near_miss: object,
    profile: str,
) -> LoggedViolation:
    level, refusing = _text(level_), _text(refusing_)
    outcome = _OUTCOMES[_text(action)]
    if outcome == "would" and refusing not in ("", profile):
        outcome = "stricter"
    elif outcome == "would" and not refusing and not _refuses(level, profile):
        outcome = "reported"
    return LoggedViolation(_text(rule), level, _text(at), outcome, _text(exception), _text(near_miss))


def _proposed(tried: object) -> Proposed:
    """What the denial proposed; the command stands in no line, the operation tells it."""
    if not isinstance(tried, dict):
        raise NoDecision
    add, instead, without = (tuple(map(_flag, tried[name])) for name in ("add", "instead", "without"))
    return Proposed("", add, instead, without, tuple(map(_text, tried.get("still", ()))))


def _flag(words: object) -> tuple[str, ...]:
    if not isinstance(words, list) or len(words) not in (1, 2):
        raise NoDecision
    return tuple(_text(word, _LONGEST_FLAG) for word in words)


def _refuses(level: str, profile: str) -> bool:
    """Whether rules of this level refuse under the profile, as long as the site does not say otherwise."""
    if level not in LEVELS:
        raise NoDecision
    return level == "always" or (level in PROFILES and PROFILES.index(level) <= PROFILES.index(profile))


def _groups(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise NoDecision
    return tuple(map(_text, value))


def _seconds(time: str) -> float:
    when = datetime.fromisoformat(time)
    # Without a zone it would be read as local time.
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def _text(value: object, longest: int = _LONGEST_TEXT) -> str:
    if not isinstance(value, str):
        raise NoDecision
    if len(value) <= longest and value.isprintable():
        return value
    shown = "".join(letter if letter.isprintable() else _NOT_SHOWN for letter in value[: longest + 1])
    return shown if len(shown) <= longest else shown[:longest] + "…"
