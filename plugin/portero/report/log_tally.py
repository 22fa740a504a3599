"""Adds up a decision log in bounded memory: names beyond a limit are counted together."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from portero.report.log_lines import LoggedDecision
from portero.report.timeline import Timeline
from portero.values.json_types import JSON

# In the order in which the report shows them.
GROUPS = ("user", "image", "operation")
OTHERS = "(others)"
UNKNOWN = "(unknown)"
UNREADABLE = "(unreadable)"

_MAX_LATEST = 25
_MAX_DECISIONS = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """How many names are counted apart: users, images and operations; rules and exceptions; places."""

    names: int = 10_000
    rules: int = 1_000
    places: int = 50


class Table:
    """Counts by name and outcome, of so many names."""

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._counts: dict[str, Counter[str]] = {}

    def add(self, name: str, outcome: str) -> None:
        """Count one."""
        counts = self._counts.get(name)
        if counts is None:
            name = name if len(self._counts) < self._maximum else OTHERS
            counts = self._counts.setdefault(name, Counter())
        counts[outcome] += 1

    def ranked(self) -> list[tuple[str, Counter[str]]]:
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
    """The sums over a log."""

    def __init__(self, limits: Limits = Limits()) -> None:
        self._limits = limits
        self.outcomes: Counter[str] = Counter()
        self.unreadable = 0
        self.first, self.last = float("inf"), float("-inf")
        self.by: Mapping[str, Table] = {group: Table(limits.names) for group in GROUPS}
        self.by_rule = Table(limits.rules)
        self.rules: dict[str, RuleTally] = {}
        self.exceptions = Table(limits.rules)
        self.profiles: Counter[str] = Counter()
        self.audit_profiles: Counter[str] = Counter()
        self.only_audit_profile = 0
        self.audited = 0
        self.policies = Table(limits.rules)
        self.timeline = Timeline()
        self.latest: deque[LoggedDecision] = deque(maxlen=_MAX_LATEST)

    @property
    def decisions(self) -> int:
        """All decisions."""
        return self.outcomes.total()

    def add(self, decision: LoggedDecision) -> None:
        """Count a decision."""
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
            if violated.rule not in self.rules and len(self.rules) < self._limits.rules:
                self.rules[violated.rule] = RuleTally(violated.level, Table(self._limits.places))
            if violated.rule in self.rules:
                self.rules[violated.rule].places.add(violated.at, violated.outcome)
        for violated in decision.worst:
            self.by_rule.add(violated.rule, violated.outcome)
            if violated.rule in self.rules:
                self.rules[violated.rule].latest.append(decision)
        for exception in {violated.exception for violated in decision.violations if violated.exception}:
            self.exceptions.add(exception, "waived")

    def document(self) -> dict[str, JSON]:
        """The sums for machines."""
        return {
            "decisions": self.decisions,
            "refused": self.outcomes["refused"],
            "wouldBeRefused": self.outcomes["would"],
            "refusedByAuditProfileOnly": self.only_audit_profile,
            "unreadableLines": self.unreadable,
            "inModeAudit": self.audited,
            "byRule": _describe_table(self.by_rule),
            **{f"by{group.capitalize()}": _describe_table(self.by[group]) for group in GROUPS},
            "exceptions": {name: counts["waived"] for name, counts in self.exceptions.ranked()},
            "step": self.timeline.words,
            "overTime": [{"start": step.start, **_rename_outcomes(step.counts)} for step in self.timeline.steps()],
        }


_NAMES = {"would": "wouldBeRefused", "stricter": "refusedByAuditProfile"}


def _describe_table(table: Table) -> dict[str, JSON]:
    return {name: {**_rename_outcomes(counts)} for name, counts in table.ranked()}


def _rename_outcomes(counts: Counter[str]) -> dict[str, JSON]:
    return {_NAMES.get(name, name): count for name, count in sorted(counts.items())}
