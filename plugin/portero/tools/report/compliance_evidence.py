"""What a check of the host and decision logs show of rules.

The JSON of `portero host` is untrusted: another shape is refused, and characters that steer a terminal are replaced. Of
a log it is how often each rule was violated, with which outcome, when, and examples, in bounded memory.
"""

from collections import Counter, deque
from collections.abc import Collection, Mapping
from typing import Literal, TypeAlias, cast

from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.json_fields import JSON, need, need_texts
from portero.decide.values.spelling import count_things, make_printable
from portero.tools.report.log_lines import LoggedDecision
from portero.tools.report.log_violation import LoggedViolation, Outcome

HostStatus: TypeAlias = Literal["holds", "violated", "unknown", "not checked"]

_MAX_TEXT = 200
_MAX_LOCATIONS = 5
_WITHOUT_DOCKER = "Docker is not installed on the host"


@dataclass(frozen=True, slots=True)
class HostFact:
    """The status of one rule, and where its facts were read."""

    status: HostStatus
    locations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HostEvidence:
    """One check of one host. `time`: when it was."""

    profile: str
    time: str
    facts: Mapping[str, HostFact]

    def find_fact(self, rule: str) -> HostFact:
        return self.facts.get(rule) or HostFact("not checked", (f"left out of the check under profile {self.profile}",))


def read_evidence(document: JSON) -> HostEvidence:
    """The evidence in a document of `portero host --format json`; raises ValueError for any other."""
    try:
        return _read_evidence(cast("dict[str, JSON]", document))
    except (TypeError, AttributeError) as error:
        raise ValueError("not a report of `portero host`") from error


def _read_evidence(document: dict[str, JSON]) -> HostEvidence:
    facts = {_shorten(rule): HostFact("holds") for rule in need_texts(document, "passed")}
    for rule in need_texts(document, "notApplicable"):
        facts[_shorten(rule)] = HostFact("not checked", (_WITHOUT_DOCKER,))
    for rule, needed in need({"waiting": {}} | document, "waiting", dict).items():
        facts[_shorten(rule)] = HostFact("not checked", (f"{_shorten(str(needed))} is violated",))
    for finding in need(document, "findings", list):
        entry = cast("dict[str, JSON]", finding)
        rule, status, at = (_shorten(need(entry, name, str)) for name in ("rule", "status", "at"))
        if status not in ("violated", "unknown"):
            raise TypeError
        earlier = facts.get(rule)
        locations = earlier.locations if earlier is not None and earlier.status in ("violated", "unknown") else ()
        # Violated at one place counts more than unknown at another.
        worst = "violated" if earlier is not None and earlier.status == "violated" else status
        facts[rule] = HostFact(cast(HostStatus, worst), (*locations, at)[:_MAX_LOCATIONS])
    profile, time = (_shorten(need(document, name, str)) for name in ("profile", "time"))
    return HostEvidence(profile, time, facts)


def _shorten(text: str) -> str:
    return make_printable(text[:_MAX_TEXT])


# Stands for every exception that the policy no longer has.
REMOVED = ""

_MAX_EXAMPLES = 3


def count_decisions(number: int) -> str:
    return count_things(number, "decision")


@dataclass(frozen=True, slots=True)
class LoggedExample:
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
