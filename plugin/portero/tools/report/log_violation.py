"""Reads the violations of a logged decision, and its texts without characters that steer a terminal or browser."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, TypeAlias

from portero.decide.decision import LEVELS
from portero.decide.policy.dialect import PROFILES
from portero.decide.values.dataclass import dataclass, replace

Outcome: TypeAlias = Literal["refused", "would", "stricter", "reported", "waived"]
# Worst first.
OUTCOMES: tuple[Outcome, ...] = ("refused", "would", "stricter", "reported", "waived")

MAX_TEXT = 200
_OUTCOMES: Mapping[str, Outcome] = {"deny": "refused", "audit": "would", "waived": "waived"}
_NOT_SHOWN = "\N{REPLACEMENT CHARACTER}"


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
    requested: str = ""
    allowed: str = ""


def read_violation(violation: Mapping[str, object], profile: str) -> LoggedViolation:
    """A violation under the enforced profile; raises what a document of another shape gives."""
    needed = violation["rule"], violation["level"], violation["at"], violation["action"]
    others = violation.get("profile", ""), violation.get("exception", ""), violation.get("nearMiss", "")
    logged: LoggedViolation = _make_violation(profile, *needed, *others)
    if "requested" not in violation:
        return logged
    return replace(logged, requested=read_text(violation["requested"]), allowed=read_text(violation.get("allowed", "")))


def read_text(value: object, max_length: int = MAX_TEXT) -> str:
    """A text, cut to this many characters; raises TypeError for another value."""
    if not isinstance(value, str):
        raise TypeError
    if len(value) <= max_length and value.isprintable():
        return value
    shown = "".join(letter if letter.isprintable() else _NOT_SHOWN for letter in value[: max_length + 1])
    return shown if len(shown) <= max_length else shown[:max_length] + "…"


# Most violations of a log repeat earlier ones. TypeError: a value that is no text, such as a list.
@lru_cache(maxsize=4096, typed=True)
def _make_violation(profile: str, *texts: object) -> LoggedViolation:
    rule, level, at, action, refusing, exception, near_miss = map(read_text, texts)
    outcome = _OUTCOMES[action]
    if outcome == "would" and refusing not in ("", profile):
        outcome = "stricter"
    elif outcome == "would" and not refusing and not _refuses(level, profile):
        outcome = "reported"
    return LoggedViolation(rule, level, at, outcome, exception, near_miss)


def _refuses(level: str, profile: str) -> bool:
    """Whether rules of this level refuse under the profile, as long as the site does not say otherwise."""
    if level not in LEVELS:
        raise ValueError
    return level == "always" or (level in PROFILES and PROFILES.index(level) <= PROFILES.index(profile))
