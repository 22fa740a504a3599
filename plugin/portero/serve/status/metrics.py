"""The metrics: decisions, violations, the time they take, and what goes wrong with policy and log."""

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate
from math import inf

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from portero.decide.decision import Decision
from portero.decide.identity.caller import METHODS

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_UNREADABLE = "unreadable"
_UNKNOWN = "Unknown"
_NO_METHOD, _OTHER = "none", "other"
_METHODS = frozenset({*METHODS, _NO_METHOD})
# A decision takes less than a millisecond; asking dockerd for a network's name can take seconds.
_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0, inf)
_BOUNDS = [floatToGoString(bound) for bound in _SECONDS]  # type: ignore[no-untyped-call]
# What counts up: its name, what it means, its labels.
_COUNTERS: Mapping[str, tuple[str, ...]] = {
    "decisions": ("Requests decided", "operation", "outcome"),
    "violations": ("Violated rules and refusal codes", "rule", "action"),
    "audit_profile_refusals": ("Requests that only the audit profile would refuse", "operation"),
    "exceptions_used": ("Decisions in which an exception waived", "exception"),
    "exception_near_misses": (
        "Refused requests that an exception matches but for one condition",
        "exception",
        "condition",
    ),
    "callers": ("Requests decided, by how their user is known and the profile", "method", "profile"),
    "break_glass": ("Requests for which a break-glass token lifted the rules",),
    "policy_load_failures": ("Reloads of the policy that were refused",),
    "log_failures": ("Decisions that could not be logged",),
    "reads_not_logged": ("Allowed pings and lists without a line in the log (PORTERO_LOG_READS=none)", "operation"),
}


class _Counters(Collector):
    """How often each thing happened, by its name and labels, and how long it took: all of one decision at once.

    What takes the lock only adds. The library's own would look labels up by name, and lock each counter.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # What has no label begins at 0, as do these two: a count that begins with its first event has no rise that an
        # alert could see.
        self._counts: dict[tuple[str, ...], int] = {
            (name,): 0 for name, (_, *labels) in _COUNTERS.items() if not labels
        }
        for outcome, action in (("refused", "deny"), ("allowed", "audit")):
            self._counts.update({("decisions", _UNREADABLE, outcome): 0, ("violations", "internal-error", action): 0})

        self._taken, self._seconds = [0] * len(_SECONDS), 0.0

    def add(self, events: Iterable[tuple[str, ...]], seconds: float | None = None) -> None:
        """`seconds`: what a decision took."""
        with self._lock:
            for event in events:
                self._counts[event] = self._counts.get(event, 0) + 1
            if seconds is not None:
                self._taken[bisect_left(_SECONDS, seconds)] += 1
                self._seconds += seconds

    def copy(self) -> dict[tuple[str, ...], int]:
        with self._lock:
            return self._counts.copy()

    def collect(self) -> Iterator[Metric]:
        with self._lock:
            counts, taken, seconds = self._counts.copy(), [*accumulate(self._taken)], self._seconds
        for name, (description, *labels) in _COUNTERS.items():
            family = CounterMetricFamily(f"portero_{name}", description, labels=labels)
            for (_, *values), count in ((event, count) for event, count in counts.items() if event[0] == name):
                family.add_metric(values, count)
            yield family
        buckets = [*zip(_BOUNDS, taken, strict=True)]
        yield HistogramMetricFamily("portero_decision_seconds", "Time per decision", buckets, seconds)


class Metrics:
    """The metrics of this process, from its start on."""

    def __init__(self, operations: Iterable[str] = (), is_stalled: Callable[[], bool] = lambda: False) -> None:
        """`operations`: the ids that may stand in a label; `is_stalled`: whether a write of the log does not end."""
        self._operations = frozenset(operations)
        self._registry = CollectorRegistry()
        self._counters = _Counters()
        self._registry.register(self._counters)
        self._loaded = self._gauge("policy_loaded_timestamp_seconds", "When the policy in force was loaded")
        self._gauge("log_stalled_writes", "Writes to the decision log that do not end").set_function(is_stalled)
        self._usable = self._gauge("policy_usable", "1: a policy is in force; 0: there is none, and nothing is allowed")
        self._enforcing = self._gauge("enforcing", "1: violated rules refuse; 0: nothing is enforced (mode audit)")

    def watch_picture(self, count_differences: Callable[[], int]) -> None:
        """Report how often what is known of a daemon was not what it shows."""
        differences = self._gauge("picture_differences", "Objects that dockerd shows otherwise than they are known")
        differences.set_function(count_differences)

    def decided(self, decision: Decision, seconds: float) -> None:
        """The counters that rise with a decision; others are not exported before their first event."""
        operation = decision.subject.operation or _UNREADABLE
        if operation not in self._operations and operation != _UNREADABLE:
            operation = _UNKNOWN
        method = decision.subject.identified_by or _NO_METHOD
        events: list[tuple[str, ...]] = [
            ("decisions", operation, "allowed" if decision.allowed else "refused"),
            ("callers", method if method in _METHODS else _OTHER, decision.profile),
        ]
        if decision.violations or decision.breaks_glass:
            events += self._list_others(decision, operation)
        self._counters.add(events, seconds)

    def _list_others(self, decision: Decision, operation: str) -> Iterator[tuple[str, ...]]:
        if decision.breaks_glass:
            yield ("break_glass",)
        for violation in decision.violations:
            stricter = violation.action == "audit" and violation.profile not in ("", decision.profile)
            yield "violations", violation.rule, "audit-profile" if stricter else violation.action
        if decision.only_audit_profile_refuses:
            yield "audit_profile_refusals", operation
        for exception in {violation.exception for violation in decision.violations if violation.exception}:
            yield "exceptions_used", exception
        for near in {violation.near_miss for violation in decision.violations if violation.near_miss}:
            yield "exception_near_misses", near.exception, near.condition

    def log_failed(self) -> None:
        self._counters.add([("log_failures",)])

    def read_not_logged(self, operation: str) -> None:
        self._counters.add([("reads_not_logged", operation)])

    def policy_loaded(self, when: float, *, enforcing: bool, usable: bool = True) -> None:
        """A policy is in force since then; unless `usable`, none is."""
        self._loaded.set(when)
        self._enforcing.set(int(enforcing))
        self._usable.set(int(usable))

    def load_failed(self) -> None:
        self._counters.add([("policy_load_failures",)])

    def text(self) -> bytes:
        """All of it in Prometheus's text format."""
        return generate_latest(self._registry)

    def count(self, name: str, last_label: str = "") -> int:
        """How often it happened since the start; `last_label`: of those with this one at the end alone."""
        counts = self.count_by_labels(name).items()
        return sum(count for labels, count in counts if last_label in ("", *labels[-1:]))

    def count_by_labels(self, name: str) -> dict[tuple[str, ...], int]:
        """The same by its labels."""
        return {tuple(labels): count for (counter, *labels), count in self._counters.copy().items() if counter == name}

    def _gauge(self, name: str, description: str) -> Gauge:
        return Gauge(f"portero_{name}", description, registry=self._registry)
