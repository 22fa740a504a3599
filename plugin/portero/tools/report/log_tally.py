"""Adds up a decision log in bounded memory: names beyond a limit are counted together.

Over time it counts in a bounded number of steps: the longer the time, the longer each step.
"""

from collections import Counter, deque
from collections.abc import Iterator, Mapping

from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.json_fields import JSON
from portero.tools.report.log_lines import LoggedDecision

# In the order in which the report shows them.
GROUPS = ("user", "image", "operation")
OTHERS = "(others)"
UNKNOWN = "(unknown)"
UNREADABLE = "(unreadable)"

# How many names are counted apart: users, images and operations; rules and exceptions; places.
_MAX_NAMES, _MAX_RULES, _MAX_PLACES = 10_000, 1_000, 50
_MAX_LATEST = 25
_MAX_DECISIONS = 5


class Table:
    """Counts by name and outcome, of so many names."""

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._counts: dict[str, Counter[str]] = {}

    def add(self, name: str, outcome: str) -> None:
        counts = self._counts.get(name)
        if counts is None:
            name = name if len(self._counts) < self._maximum else OTHERS
            counts = self._counts.setdefault(name, Counter())
        counts[outcome] += 1

    def rank_names(self) -> list[tuple[str, Counter[str]]]:
        """The names with the most denials first, then those with the most would-be denials."""
        return sorted(self._counts.items(), key=lambda item: (*(-item[1][each] for each in _RANKS), item[0]))


_RANKS = ("refused", "would", "stricter", "allowed", "reported", "waived")


@dataclass(slots=True)
class RuleTally:
    """One rule or refusal code: where in requests it was violated, and the latest decisions."""

    level: str
    places: Table
    latest: deque[LoggedDecision] = field(default_factory=lambda: deque(maxlen=_MAX_DECISIONS))


class Tally:
    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.unreadable = 0
        self.first, self.last = float("inf"), float("-inf")
        self.by: Mapping[str, Table] = {group: Table(_MAX_NAMES) for group in GROUPS}
        self.by_rule = Table(_MAX_RULES)
        self.rules: dict[str, RuleTally] = {}
        self.exceptions = Table(_MAX_RULES)
        self.profiles: Counter[str] = Counter()
        self.audit_profiles: Counter[str] = Counter()
        self.only_audit_profile = 0
        self.audited = 0
        self.policies = Table(_MAX_RULES)
        self.timeline = Timeline()
        self.latest: deque[LoggedDecision] = deque(maxlen=_MAX_LATEST)

    @property
    def decisions(self) -> int:
        return self.outcomes.total()

    def add(self, decision: LoggedDecision) -> None:
        outcome = decision.outcome
        self.outcomes[outcome] += 1
        self.first, self.last = min(self.first, decision.time), max(self.last, decision.time)
        self.timeline.add(decision.time, outcome)
        self.profiles[decision.profile] += 1
        if decision.audit_profile:
            self.audit_profiles[decision.audit_profile] += 1
        self.only_audit_profile += decision.only_audit_profile_refuses
        self.audited += decision.mode == "audit"
        self.policies.add(decision.policy, outcome)
        self.by["user"].add(decision.user or UNKNOWN, outcome)
        self.by["operation"].add(decision.operation or UNREADABLE, outcome)
        if decision.image:
            self.by["image"].add(decision.image, outcome)
        if outcome != "allowed":
            self.latest.append(decision)
        if decision.violations:
            self._add_violations(decision)

    def _add_violations(self, decision: LoggedDecision) -> None:
        for violated in decision.worst_first:
            if violated.rule not in self.rules and len(self.rules) < _MAX_RULES:
                self.rules[violated.rule] = RuleTally(violated.level, Table(_MAX_PLACES))
            if violated.rule in self.rules:
                self.rules[violated.rule].places.add(violated.at, violated.outcome)
        for violated in decision.worst:
            self.by_rule.add(violated.rule, violated.outcome)
            if violated.rule in self.rules:
                self.rules[violated.rule].latest.append(decision)
        for exception in {violated.exception for violated in decision.violations if violated.exception}:
            self.exceptions.add(exception, "waived")

    def make_document(self) -> dict[str, JSON]:
        return {
            "decisions": self.decisions,
            "refused": self.outcomes["refused"],
            "wouldBeRefused": self.outcomes["would"],
            "refusedByAuditProfileOnly": self.only_audit_profile,
            "unreadableLines": self.unreadable,
            "inModeAudit": self.audited,
            "byRule": _describe_table(self.by_rule),
            **{f"by{group.capitalize()}": _describe_table(self.by[group]) for group in GROUPS},
            "exceptions": {name: counts["waived"] for name, counts in self.exceptions.rank_names()},
            "step": self.timeline.words,
            "overTime": [{"start": step.start, **_rename_outcomes(step.counts)} for step in self.timeline.steps()],
        }


_NAMES = {"would": "wouldBeRefused", "stricter": "refusedByAuditProfile"}


def _describe_table(table: Table) -> dict[str, JSON]:
    return {name: {**_rename_outcomes(counts)} for name, counts in table.rank_names()}


def _rename_outcomes(counts: Counter[str]) -> dict[str, JSON]:
    return {_NAMES.get(name, name): count for name, count in sorted(counts.items())}


MAX_STEPS = 96
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_WIDTHS = (_MINUTE, 5 * _MINUTE, 15 * _MINUTE, _HOUR, 3 * _HOUR, 12 * _HOUR, _DAY, 7 * _DAY, 28 * _DAY)
_WORDS = ("minute", "5 minutes", "15 minutes", "hour", "3 hours", "12 hours", "day", "week", "4 weeks")


@dataclass(frozen=True, slots=True)
class Step:
    """What was counted from `start` on, seconds since 1970, by outcome."""

    start: int
    counts: Counter[str]


class Timeline:
    """Counts outcomes by their time, in the shortest steps that are not too many."""

    def __init__(self) -> None:
        self.width = _WIDTHS[0]
        self._counts: dict[int, Counter[str]] = {}

    @property
    def words(self) -> str:
        return _WORDS[_WIDTHS.index(self.width)] if self.width in _WIDTHS else f"{self.width // _DAY} days"

    def add(self, time: float, outcome: str) -> None:
        if time // self.width not in self._counts:
            self._counts[int(time // self.width)] = Counter()
            while max(self._counts) - min(self._counts) >= MAX_STEPS:
                self._widen()
        self._counts[int(time // self.width)][outcome] += 1

    def steps(self) -> Iterator[Step]:
        """Every step from the first to the last, those without anything too."""
        for step in range(min(self._counts), max(self._counts) + 1) if self._counts else ():
            yield Step(step * self.width, self._counts.get(step, Counter()))

    def _widen(self) -> None:
        wider = next((width for width in _WIDTHS if width > self.width), 2 * self.width)
        counts: dict[int, Counter[str]] = {}
        for step, counted in self._counts.items():
            counts.setdefault(step * self.width // wider, Counter()).update(counted)
        self._counts, self.width = counts, wider
