"""Adds up a decision log. What it holds does not grow with the log: of names that are too many, those that came last
are counted together.

A log can be added up in pieces. The sums of a piece hold every name in it; merged in the order of the pieces, they give
the sums of the whole, wherever it was cut.
"""

import sys
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from portero.report.alike import Alike
from portero.report.logged import Logged
from portero.report.repeated_lines import MOST_LATEST
from portero.report.timeline import Timeline
from portero.types import JSON

# In the order in which the report shows them.
GROUPS = ("user", "image", "operation")
OTHERS = "(others)"
UNKNOWN = "(unknown)"
UNREADABLE = "(unreadable)"

_MOST_DECISIONS = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """How many names are kept: of users, images and operations, of rules and what else a site has, of places."""

    names: int = 10_000
    rules: int = 1_000
    places: int = 50


# For a piece, which is of bounded size itself: no honest one has so many rules, and each of them takes room.
OF_PIECE = Limits(sys.maxsize, 20_000, sys.maxsize)


class Table:
    """Counts by name and outcome, of so many names."""

    def __init__(self, most: int) -> None:
        self._most = most
        # Plain dictionaries: one process hands them to another sooner than Counters.
        self._counts: dict[str, dict[str, int]] = {}

    def add(self, name: str, outcome: str, number: int = 1) -> None:
        """Count one, or so many."""
        counts = self._counts.get(name)
        if counts is None:
            name = name if len(self._counts) < self._most else OTHERS
            counts = self._counts.setdefault(name, {})
        counts[outcome] = counts.get(outcome, 0) + number

    def merge(self, other: "Table") -> None:
        """Count what another one has counted after this one."""
        for name, counts in other._counts.items():
            for outcome, number in counts.items():
                self.add(name, outcome, number)

    def ranked(self) -> list[tuple[str, Counter[str]]]:
        """The names with the most denials first, then those with the most would-be denials."""
        counted = [(name, Counter(counts)) for name, counts in self._counts.items()]
        return sorted(counted, key=lambda item: (*(-item[1][each] for each in _RANKS), item[0]))


_RANKS = ("refused", "would", "stricter", "allowed", "reported", "waived")


@dataclass(slots=True)
class OfRule:
    """One rule or refusal code: where in requests it was violated, and the latest decisions."""

    level: str
    places: Table
    latest: deque[Logged] = field(default_factory=lambda: deque(maxlen=_MOST_DECISIONS))


class Tally:
    """The sums over a log."""

    def __init__(self, limits: Limits = Limits()) -> None:
        self._limits = limits
        self.outcomes: Counter[str] = Counter()
        self.unreadable = 0
        self.earlier = 0
        self.left_out = 0
        self.first, self.last = float("inf"), float("-inf")
        self.by: Mapping[str, Table] = {group: Table(limits.names) for group in GROUPS}
        self.by_rule = Table(limits.rules)
        self.rules: dict[str, OfRule] = {}
        self.exceptions = Table(limits.rules)
        self.profiles: Counter[str] = Counter()
        self.audit_profiles: Counter[str] = Counter()
        self.only_audit_profile = 0
        self.audited = 0
        self.policies = Table(limits.rules)
        self.timeline = Timeline()
        self.latest: deque[Logged] = deque(maxlen=MOST_LATEST)

    @property
    def decisions(self) -> int:
        """All decisions."""
        return self.outcomes.total()

    def add(self, decision: Logged) -> None:
        """Count a decision."""
        self.add_alike(Alike.of(decision))
        self.add_asked(decision, 1)
        self.add_time(decision.time, decision.outcome, decision.stands_for)
        self.keep(decision)

    def add_alike(self, alike: Alike) -> None:
        """Count decisions by what was decided."""
        decision, lines, number = alike.decision, alike.lines, alike.number
        outcome = decision.outcome
        self.outcomes[outcome] += number
        self.left_out += number - lines
        self.first, self.last = min(self.first, alike.first), max(self.last, alike.last)
        self.profiles[decision.profile] += number
        if decision.audit_profile:
            self.audit_profiles[decision.audit_profile] += number
        self.only_audit_profile += lines * decision.only_audit_profile_refuses
        self.audited += number * (decision.mode == "audit")
        self.earlier += lines * decision.is_earlier
        self.policies.add(decision.policy, outcome, number)
        self._add_violations(decision, lines)

    def add_asked(self, decision: Logged, lines: int) -> None:
        """Count so many lines by who asked for what."""
        outcome, number = decision.outcome, lines * decision.stands_for
        self.by["user"].add(decision.user or UNKNOWN, outcome, number)
        self.by["operation"].add(decision.operation or UNREADABLE, outcome, number)
        if decision.image:
            self.by["image"].add(decision.image, outcome, lines)

    def add_time(self, time: float, outcome: str, number: int) -> None:
        """So many requests at a time, which is in the right minute."""
        self.timeline.add(time, outcome, number)

    def keep(self, decision: Logged) -> None:
        """Note one of the latest decisions."""
        if decision.outcome != "allowed":
            self.latest.append(decision)
        for violated in decision.worst:
            if violated.rule in self.rules:
                self.rules[violated.rule].latest.append(decision)

    def merge(self, other: "Tally") -> None:
        """Add the sums of what comes next in the log."""
        for name in ("outcomes", "profiles", "audit_profiles"):
            getattr(self, name).update(getattr(other, name))
        for name in ("unreadable", "earlier", "left_out", "only_audit_profile", "audited"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)
        for group, table in self.by.items():
            table.merge(other.by[group])
        self.by_rule.merge(other.by_rule)
        self.exceptions.merge(other.exceptions)
        self.policies.merge(other.policies)
        self.timeline.merge(other.timeline)
        self.latest.extend(other.latest)
        for rule, of_rule in other.rules.items():
            mine = self._of_rule(rule, of_rule.level)
            if mine is not None:
                mine.places.merge(of_rule.places)
                mine.latest.extend(of_rule.latest)

    def _of_rule(self, rule: str, level: str) -> OfRule | None:
        of_rule = self.rules.get(rule)
        if of_rule is None and len(self.rules) < self._limits.rules:
            of_rule = self.rules[rule] = OfRule(level, Table(self._limits.places))
        return of_rule

    def _add_violations(self, decision: Logged, lines: int) -> None:
        for violated in decision.worst_first:
            of_rule = self._of_rule(violated.rule, violated.level)
            if of_rule is not None:
                of_rule.places.add(violated.at, violated.outcome, lines)
        for violated in decision.worst:
            self.by_rule.add(violated.rule, violated.outcome, lines)
        for exception in {violated.exception for violated in decision.violations if violated.exception}:
            self.exceptions.add(exception, "waived", lines)

    def document(self) -> dict[str, JSON]:
        """The sums for machines."""
        return {
            "decisions": self.decisions,
            "refused": self.outcomes["refused"],
            "wouldBeRefused": self.outcomes["would"],
            "refusedByAuditProfileOnly": self.only_audit_profile,
            "unreadableLines": self.unreadable,
            "withoutLineOfTheirOwn": self.left_out,
            "inModeAudit": self.audited,
            "byRule": _rows(self.by_rule),
            **{f"by{group.capitalize()}": _rows(self.by[group]) for group in GROUPS},
            "exceptions": {name: counts["waived"] for name, counts in self.exceptions.ranked()},
            "step": self.timeline.words,
            "overTime": [{"start": step.start, **_named(step.counts)} for step in self.timeline.steps()],
        }


_NAMES = {"would": "wouldBeRefused", "stricter": "refusedByAuditProfile"}


def _rows(table: Table) -> dict[str, JSON]:
    return {name: {**_named(counts)} for name, counts in table.ranked()}


def _named(counts: Counter[str]) -> dict[str, JSON]:
    return {_NAMES.get(name, name): count for name, count in sorted(counts.items())}
