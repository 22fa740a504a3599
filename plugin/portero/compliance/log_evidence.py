"""What a decision log shows of rules: how often each was violated, with which outcome, when, and examples.

Its memory does not grow with the log.
"""

from collections import Counter, deque
from collections.abc import Collection
from dataclasses import dataclass, field

from portero.report.log_lines import LoggedDecision
from portero.report.log_violation import LoggedViolation, Outcome

# Stands for every exception that the policy no longer has.
REMOVED = ""

_MAX_EXAMPLES = 3


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

    def add(self, decision: LoggedDecision, violated: LoggedViolation) -> None:
        """Count a decision."""
        outcome, time = violated.outcome, decision.time
        self.counts[outcome] += 1
        self.first[outcome] = min(self.first.get(outcome, time), time)
        self.last[outcome] = max(self.last.get(outcome, time), time)
        example = LoggedExample(decision.id, time, decision.user, decision.operation, violated.at)
        self.examples.setdefault(outcome, deque(maxlen=_MAX_EXAMPLES)).append(example)


class LogEvidence:
    """The sums over logs, for these rules and exceptions. `waived`: decisions by rule and exception, or REMOVED.

    `elsewhere`: decisions under another policy than the one with this digest.
    """

    def __init__(self, rules: Collection[str], exceptions: Collection[str], digest: str) -> None:
        self._exceptions = frozenset(exceptions)
        self._digest = digest
        self.rules = {rule: RuleEvidence() for rule in rules}
        self.decisions = self.unreadable = self.audited = self.broke_glass = self.elsewhere = 0
        self.first, self.last = float("inf"), float("-inf")
        self.profiles: Counter[str] = Counter()
        self.waived: Counter[tuple[str, str]] = Counter()

    def add(self, decision: LoggedDecision) -> None:
        """Count a decision."""
        self.decisions += 1
        self.first, self.last = min(self.first, decision.time), max(self.last, decision.time)
        self.profiles[decision.profile] += 1
        # A token that breaks glass makes mode audit of one request.
        self.audited += decision.mode == "audit" and not decision.breaks_glass
        self.broke_glass += decision.breaks_glass
        self.elsewhere += decision.policy != self._digest
        for violated in decision.worst:
            if violated.rule in self.rules:
                self.rules[violated.rule].add(decision, violated)
        used = {(one.rule, one.exception) for one in decision.violations if one.exception and one.rule in self.rules}
        for rule, exception in used:
            self.waived[rule, exception if exception in self._exceptions else REMOVED] += 1
