"""What a decision log shows of some rules: how often each was violated, what became of it, when, and examples.

What it holds does not grow with the log.
"""

from collections import Counter, deque
from collections.abc import Collection
from dataclasses import dataclass, field

from portero.report.alike import Alike
from portero.report.logged import Logged
from portero.report.logged_violation import LoggedViolation, Outcome

# In the place of an exception that the policy does not have.
GONE = ""

_MOST_EXAMPLES = 3


def count_decisions(number: int) -> str:
    """1 decision, 1,200 decisions."""
    return "1 decision" if number == 1 else f"{number:,} decisions"


@dataclass(frozen=True, slots=True)
class LoggedExample:
    """One decision in which a rule was violated."""

    id: str
    time: float
    user: str
    operation: str
    at: str


@dataclass(slots=True)
class RuleEvidence:
    """One rule: decisions by outcome, the first and the last of each outcome, and the latest examples of each."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    first: dict[Outcome, float] = field(default_factory=dict)
    last: dict[Outcome, float] = field(default_factory=dict)
    examples: dict[Outcome, deque[LoggedExample]] = field(default_factory=dict)

    def add(self, alike: Alike, outcome: Outcome) -> None:
        """Count decisions of one kind."""
        self.counts[outcome] += alike.lines
        self._cover(outcome, alike.first, alike.last)

    def keep(self, decision: Logged, violated: LoggedViolation) -> None:
        """Note one of the latest decisions."""
        example = LoggedExample(decision.id, decision.time, decision.user, decision.operation, violated.at)
        self._latest(violated.outcome).append(example)

    def merge(self, other: "RuleEvidence") -> None:
        """Add what comes next in the log."""
        self.counts.update(other.counts)
        for outcome, first in other.first.items():
            self._cover(outcome, first, other.last[outcome])
        for outcome, examples in other.examples.items():
            self._latest(outcome).extend(examples)

    def _cover(self, outcome: Outcome, first: float, last: float) -> None:
        self.first[outcome] = min(self.first.get(outcome, first), first)
        self.last[outcome] = max(self.last.get(outcome, last), last)

    def _latest(self, outcome: Outcome) -> deque[LoggedExample]:
        return self.examples.setdefault(outcome, deque(maxlen=_MOST_EXAMPLES))


class LogEvidence:
    """The sums over logs, for these rules and exceptions. `waived`: decisions by rule and exception, or GONE.

    `elsewhere`: decisions under another policy than the one with this digest.
    """

    def __init__(self, rules: Collection[str], exceptions: Collection[str], digest: str) -> None:
        self._exceptions = frozenset(exceptions)
        self._digest = digest
        self.rules = {rule: RuleEvidence() for rule in rules}
        self.decisions = self.unreadable = self.earlier = self.audited = self.broke_glass = self.elsewhere = 0
        self.first, self.last = float("inf"), float("-inf")
        self.profiles: Counter[str] = Counter()
        self.waived: Counter[tuple[str, str]] = Counter()

    def add(self, decision: Logged) -> None:
        """Count a decision."""
        self.add_alike(Alike.of(decision))
        self.keep(decision)

    def add_alike(self, alike: Alike) -> None:
        """Count decisions by what was decided."""
        decision, number = alike.decision, alike.number
        self.decisions += number
        self.first, self.last = min(self.first, alike.first), max(self.last, alike.last)
        self.profiles[decision.profile] += number
        # A token that breaks glass makes mode audit of one request.
        self.audited += number if decision.mode == "audit" and not decision.breaks_glass else 0
        self.broke_glass += alike.lines * decision.breaks_glass
        self.earlier += alike.lines * decision.is_earlier
        self.elsewhere += number if decision.policy != self._digest else 0
        for violated in decision.worst:
            if violated.rule in self.rules:
                self.rules[violated.rule].add(alike, violated.outcome)
        used = {(one.rule, one.exception) for one in decision.violations if one.exception and one.rule in self.rules}
        for rule, exception in used:
            self.waived[rule, exception if exception in self._exceptions else GONE] += alike.lines

    def keep(self, decision: Logged) -> None:
        """Note one of the latest decisions."""
        for violated in decision.worst:
            if violated.rule in self.rules:
                self.rules[violated.rule].keep(decision, violated)

    def add_asked(self, decision: Logged, lines: int) -> None:
        """The report of a benchmark names nobody but in its examples."""

    def add_time(self, time: float, outcome: str, number: int) -> None:
        """The report of a benchmark has no plot."""

    def merge(self, other: "LogEvidence") -> None:
        """Add the sums of what comes next in the log, for the same rules and exceptions."""
        for name in ("decisions", "unreadable", "earlier", "audited", "broke_glass", "elsewhere"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)
        self.profiles.update(other.profiles)
        self.waived.update(other.waived)
        for rule, evidence in other.rules.items():
            self.rules[rule].merge(evidence)
