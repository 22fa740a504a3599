"""What a decision log shows of some rules: how often each was violated, what became of it, when, and examples.

What it holds does not grow with the log.
"""

from collections import Counter, deque
from collections.abc import Collection
from dataclasses import dataclass, field

from portero.report.logged import Logged, LoggedViolation, Outcome

# In the place of an exception that the policy does not have.
GONE = ""

_MOST_EXAMPLES = 3
# Worst first: in one decision a rule counts once.
_RANKS: tuple[Outcome, ...] = ("refused", "would", "stricter", "reported", "waived")


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

    def add(self, decision: Logged, violated: LoggedViolation) -> None:
        """Count one decision."""
        outcome = violated.outcome
        self.counts[outcome] += 1
        self.first[outcome] = min(self.first.get(outcome, decision.time), decision.time)
        self.last[outcome] = max(self.last.get(outcome, decision.time), decision.time)
        latest = self.examples.setdefault(outcome, deque(maxlen=_MOST_EXAMPLES))
        latest.append(LoggedExample(decision.id, decision.time, decision.user, decision.operation, violated.at))


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
        number = decision.stands_for
        self.decisions += number
        self.first, self.last = min(self.first, decision.time), max(self.last, decision.time)
        self.profiles[decision.profile] += number
        # A token that breaks glass makes mode audit of one request.
        self.audited += number if decision.mode == "audit" and not decision.breaks_glass else 0
        self.broke_glass += decision.breaks_glass
        self.earlier += decision.is_earlier
        self.elsewhere += number if decision.policy != self._digest else 0
        worst: dict[str, LoggedViolation] = {}
        for violated in sorted(decision.violations, key=lambda one: _RANKS.index(one.outcome)):
            worst.setdefault(violated.rule, violated)
        for rule, violated in worst.items():
            if rule in self.rules:
                self.rules[rule].add(decision, violated)
        used = {(one.rule, one.exception) for one in decision.violations if one.exception and one.rule in self.rules}
        for rule, exception in used:
            self.waived[rule, exception if exception in self._exceptions else GONE] += 1
