"""The metrics: decisions, violations, the time they take, and what goes wrong with policy and log."""

import logging
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from portero.decision import Decision
from portero.identity.caller import METHODS

_LOG = logging.getLogger(__name__)
# Prometheus needs no samples of when counters began.
disable_created_metrics()  # type: ignore[no-untyped-call]  # has no types
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_UNREADABLE = "unreadable"
_UNKNOWN = "Unknown"
_NO_METHOD, _OTHER = "none", "other"
_METHODS = frozenset({*METHODS, _NO_METHOD})
# A decision takes less than a millisecond; asking dockerd for a network's name can take seconds.
_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0)


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts since the start. `exceptions`: decisions in which each waived something, by its id.

    `near_misses`: refused requests that an exception matches but for one condition, by its id and the condition.
    """

    allowed: int
    refused: int
    audit_profile_refusals: int
    log_failures: int
    load_failures: int
    exceptions: Mapping[str, int]
    near_misses: Mapping[str, int] = field(default_factory=dict)
    break_glass: int = 0
    reads_not_logged: int = 0


class Metrics:
    """The metrics of this process, from its start on."""

    def __init__(self, operations: Iterable[str] = (), is_stalled: Callable[[], bool] = lambda: False) -> None:
        """`operations`: the ids that may stand in a label; `is_stalled`: whether a write of the log does not end."""
        self._operations = frozenset(operations)
        self._failing = False
        self._registry = CollectorRegistry()
        self._decisions = self._counter("decisions", "Requests decided", "operation", "outcome")
        self._violations = self._counter("violations", "Violated rules and refusal codes", "rule", "action")
        self._audit_profile = self._counter(
            "audit_profile_refusals", "Requests that only the audit profile would refuse", "operation"
        )
        self._exceptions = self._counter("exceptions_used", "Decisions in which an exception waived", "exception")
        self._near_misses = self._counter(
            "exception_near_misses",
            "Refused requests that an exception matches but for one condition",
            "exception",
            "condition",
        )
        self._callers = self._counter(
            "callers", "Requests decided, by how their user is known and the profile", "method", "profile"
        )
        self._break_glass = self._counter("break_glass", "Requests for which a break-glass token lifted the rules")
        self._load_failures = self._counter("policy_load_failures", "Reloads of the policy that were refused")
        self._log_failures = self._counter("log_failures", "Decisions that could not be logged")
        self._reads_not_logged = self._counter(
            "reads_not_logged",
            "Allowed pings and lists without a line in the log (PORTERO_LOG_READS=none)",
            "operation",
        )
        self._seconds = Histogram(
            "portero_decision_seconds", "Time per decision", buckets=_SECONDS, registry=self._registry
        )
        # A count that begins with its first event has no rise that an alert could see.
        for outcome, action in (("refused", "deny"), ("allowed", "audit")):
            self._decisions.labels(_UNREADABLE, outcome)
            self._violations.labels("internal-error", action)
        self._loaded = self._gauge("policy_loaded_timestamp_seconds", "When the policy in force was loaded")
        self._gauge("log_stalled_writes", "Writes to the decision log that do not end").set_function(is_stalled)
        self._usable = self._gauge("policy_usable", "1: a policy is in force; 0: there is none, and nothing is allowed")
        self._enforcing = self._gauge("enforcing", "1: violated rules refuse; 0: nothing is enforced (mode audit)")

    def watch_picture(self, count_differences: Callable[[], int]) -> None:
        """Report how often what is known of a daemon was not what it shows."""
        differences = self._gauge("picture_differences", "Objects that dockerd shows otherwise than they are known")
        differences.set_function(count_differences)

    def decided(self, decision: Decision, seconds: float) -> None:
        """Count one decision."""
        self._harmlessly(self._count, decision, seconds)

    def _count(self, decision: Decision, seconds: float) -> None:
        for counter in self._find_counters(decision):
            counter.inc()
        self._seconds.observe(seconds)

    def _find_counters(self, decision: Decision) -> Iterator[Counter]:
        """The counters that rise with a decision; others are not exported before their first event."""
        operation = decision.subject.operation or _UNREADABLE
        if operation not in self._operations and operation != _UNREADABLE:
            operation = _UNKNOWN
        yield self._decisions.labels(operation, "allowed" if decision.allowed else "refused")
        method = decision.subject.identified_by or _NO_METHOD
        yield self._callers.labels(method if method in _METHODS else _OTHER, decision.profile)
        if decision.breaks_glass:
            yield self._break_glass
        for violation in decision.violations:
            stricter = violation.action == "audit" and violation.profile not in ("", decision.profile)
            yield self._violations.labels(violation.rule, "audit-profile" if stricter else violation.action)
        if decision.only_audit_profile_refuses:
            yield self._audit_profile.labels(operation)
        for exception in {violation.exception for violation in decision.violations if violation.exception}:
            yield self._exceptions.labels(exception)
        for near in {violation.near_miss for violation in decision.violations if violation.near_miss}:
            yield self._near_misses.labels(near.exception, near.condition)

    def log_failed(self) -> None:
        """Count a decision that could not be logged."""
        self._harmlessly(self._log_failures.inc)

    def read_not_logged(self, operation: str) -> None:
        """Count an allowed read that has no line in the log."""
        self._harmlessly(lambda: self._reads_not_logged.labels(operation).inc())

    def policy_loaded(self, when: float, *, enforcing: bool, usable: bool = True) -> None:
        """A policy is in force since then; unless `usable`, none is."""

        def set_gauges() -> None:
            self._loaded.set(when)
            self._enforcing.set(int(enforcing))
            self._usable.set(int(usable))

        self._harmlessly(set_gauges)

    def load_failed(self) -> None:
        """Count a reload that was refused."""
        self._harmlessly(self._load_failures.inc)

    def text(self) -> bytes:
        """All of it in Prometheus's text format."""
        return generate_latest(self._registry)

    def count(self) -> Counts:
        """The counts for a status."""
        counts: dict[str, Tally[str]] = defaultdict(Tally)
        for sample in (sample for family in self._registry.collect() for sample in family.samples):
            label = sample.labels.get("outcome") or sample.labels.get("exception") or ""
            if condition := sample.labels.get("condition"):
                label = f"{label} {condition}"
            counts[sample.name][label] += int(sample.value)
        return Counts(
            counts["portero_decisions_total"]["allowed"],
            counts["portero_decisions_total"]["refused"],
            counts["portero_audit_profile_refusals_total"][""],
            counts["portero_log_failures_total"][""],
            counts["portero_policy_load_failures_total"][""],
            counts["portero_exceptions_used_total"],
            counts["portero_exception_near_misses_total"],
            counts["portero_break_glass_total"][""],
            counts["portero_reads_not_logged_total"][""],
        )

    def _counter(self, name: str, description: str, *labels: str) -> Counter:
        return Counter(f"portero_{name}", description, labels, registry=self._registry)

    def _gauge(self, name: str, description: str) -> Gauge:
        return Gauge(f"portero_{name}", description, registry=self._registry)

    def _harmlessly(self, count: Callable[..., object], *values: object) -> None:
        """Metrics never affect decisions: a full disk must not refuse a request."""
        try:
            count(*values)
        except Exception as error:  # noqa: BLE001 - see above
            if not self._failing:
                _LOG.warning("metrics are no longer counted: %s: %s", type(error).__name__, error)
            self._failing = True
