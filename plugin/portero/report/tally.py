"""Adds up a decision log, decision by decision. What it holds does not grow with the log: of names that are too many,
those that came last are counted together.
"""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from portero.report.logged import Logged, LoggedViolation
from portero.report.timeline import Timeline
from portero.types import JSON

# In the order in which the report shows them.
GROUPS = ("user", "image", "operation")
OTHERS = "(others)"
UNKNOWN = "(unknown)"
UNREADABLE = "(unreadable)"

_MOST_NAMES = 10_000
_MOST_RULES = 1_000
_MOST_PLACES = 50
_MOST_DECISIONS = 5
_MOST_LATEST = 25


class Table:
    """Counts by name and outcome, of so many names."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._counts: dict[str, Counter[str]] = {}

    def add(self, name: str, outcome: str, number: int = 1) -> None:
        """Count one, or so many."""
        counts = self._counts.get(name)
        if counts is None:
            name = name if len(self._counts) < self._most else OTHERS
            counts = self._counts.setdefault(name, Counter())
        counts[outcome] += number

    def ranked(self) -> list[tuple[str, Counter[str]]]:
        """The names with the most denials first, then those with the most would-be denials."""
        return sorted(self._counts.items(), key=lambda item: (*(-item[1][each] for each in _RANKS), item[0]))


_RANKS = ("refused", "would", "stricter", "allowed", "reported", "waived")
_PLACE_OF_RANK = {outcome: place for place, outcome in enumerate(_RANKS)}


def _rank(violated: LoggedViolation) -> int:
    return _PLACE_OF_RANK[violated.outcome]


@dataclass(slots=True)
class OfRule:
    """One rule or refusal code: where in requests it was violated, and the latest decisions."""

    level: str
    places: Table = field(default_factory=lambda: Table(_MOST_PLACES))
    latest: deque[Logged] = field(default_factory=lambda: deque(maxlen=_MOST_DECISIONS))


class Tally:
    """The sums over a log."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.unreadable = 0
        self.earlier = 0
        self.left_out = 0
        self.first, self.last = float("inf"), float("-inf")
        self.by: Mapping[str, Table] = {group: Table(_MOST_NAMES) for group in GROUPS}
        self.by_rule = Table(_MOST_RULES)
        self.rules: dict[str, OfRule] = {}
        self.exceptions = Table(_MOST_RULES)
        self.profiles: Counter[str] = Counter()
        self.audit_profiles: Counter[str] = Counter()
        self.only_audit_profile = 0
        self.audited = 0
        self.policies = Table(_MOST_RULES)
        self.timeline = Timeline()
        self.latest: deque[Logged] = deque(maxlen=_MOST_LATEST)

    @property
    def decisions(self) -> int:
        """All decisions."""
        return self.outcomes.total()

    def add(self, decision: Logged) -> None:
        """Count a decision."""
        outcome, number = decision.outcome, decision.stands_for
        self.outcomes[outcome] += number
        self.left_out += number - 1
        self.first, self.last = min(self.first, decision.time), max(self.last, decision.time)
        self.timeline.add(decision.time, outcome, number)
        self.profiles[decision.profile] += number
        if decision.audit_profile:
            self.audit_profiles[decision.audit_profile] += number
        self.only_audit_profile += decision.only_audit_profile_refuses
        self.audited += number * (decision.mode == "audit")
        self.earlier += decision.is_earlier
        self.policies.add(decision.policy, outcome, number)
        self.by["user"].add(decision.user or UNKNOWN, outcome, number)
        self.by["operation"].add(decision.operation or UNREADABLE, outcome, number)
        if decision.image:
            self.by["image"].add(decision.image, outcome)
        if outcome != "allowed":
            self.latest.append(decision)
        self._violation(decision)

    def _violation(self, decision: Logged) -> None:
        """A rule counts once in a decision, wherever it was violated there; the worst outcome counts."""
        worst: dict[str, LoggedViolation] = {}
        for violated in sorted(decision.violations, key=_rank):
            worst.setdefault(violated.rule, violated)
            of_rule = self.rules.get(violated.rule)
            if of_rule is None and len(self.rules) < _MOST_RULES:
                of_rule = self.rules[violated.rule] = OfRule(violated.level)
            if of_rule is not None:
                of_rule.places.add(violated.at, violated.outcome)
        for rule, violated in worst.items():
            self.by_rule.add(rule, violated.outcome)
            if rule in self.rules:
                self.rules[rule].latest.append(decision)
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
