"""The metrics: decisions, violations, the time they take, and what goes wrong with policy and log."""

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from math import inf

from portero.decide.decision import Decision
from portero.decide.identity.caller import METHODS

_UNREADABLE = "unreadable"
_UNKNOWN = "Unknown"
_NO_METHOD, _OTHER = "none", "other"
_METHODS = frozenset({*METHODS, _NO_METHOD})
# A decision takes less than a millisecond; asking dockerd for a network's name can take seconds.
SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0, inf)
# What counts up: its name, what it means, its labels.
COUNTERS: Mapping[str, tuple[str, ...]] = {
    "decisions": ("Requests decided", "operation", "outcome"),
    "violations": ("Violated rules and refusal codes", "rule", "action"),
    "audit_profile_refusals": ("Requests that only the audit profile would deny", "operation"),
    "exceptions_used": ("Decisions in which an exception waived", "exception"),
    "exception_near_misses": (
        "Denied requests that an exception matches but for one condition",
        "exception",
        "condition",
    ),
    "callers": ("Requests decided, by how their user is known and the profile", "method", "profile"),
    "break_glass": ("Requests for which a break-glass token lifted the rules",),
    "policy_load_failures": ("Reloads of the policy that were refused",),
    "log_failures": ("Decisions that could not be logged",),
    "reads_not_logged": ("Allowed pings and lists without a line in the log (PORTERO_LOG_READS=none)", "operation"),
}


class Metrics:
    """The metrics of this process, from its start on: all events of one decision count at once.

    prometheus_client writes the text alone (exposition.py): its own counters look labels up by name, each with a lock.
    """

    def __init__(self, operations: Iterable[str] = (), is_stalled: Callable[[], bool] = lambda: False) -> None:
        """`operations`: the ids that may stand in a label; `is_stalled`: whether a write of the log does not end."""
        self._operations = frozenset(operations)
        self._lock = threading.Lock()
        # What has no label begins at 0, as do these two: a count that begins with its first event has no rise that an
        # alert could see.
        self._counts: dict[tuple[str, ...], int] = {(name,): 0 for name, (_, *labels) in COUNTERS.items() if not labels}
        for outcome, action in (("refused", "deny"), ("allowed", "audit")):
            self._counts.update({("decisions", _UNREADABLE, outcome): 0, ("violations", "internal-error", action): 0})
        self._taken, self._seconds = [0] * len(SECONDS), 0.0
        self._loaded, self._usable, self._enforcing = 0.0, 0, 0
        self._read_now: dict[str, tuple[str, Callable[[], int]]] = {
            "log_stalled_writes": ("Writes to the decision log that do not end", is_stalled)
        }

    def watch_picture(self, count_differences: Callable[[], int]) -> None:
        """Report how often what is known of a daemon was not what it shows."""
        description = "Objects that dockerd shows otherwise than they are known"
        self._read_now["picture_differences"] = (description, count_differences)

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
        self._add(events, seconds)

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
        self._add([("log_failures",)])

    def read_not_logged(self, operation: str) -> None:
        self._add([("reads_not_logged", operation)])

    def policy_loaded(self, when: float, *, enforcing: bool, usable: bool = True) -> None:
        """A policy is in force since then; unless `usable`, none is."""
        self._loaded, self._enforcing, self._usable = when, int(enforcing), int(usable)

    def load_failed(self) -> None:
        self._add([("policy_load_failures",)])

    def count(self, name: str, last_label: str = "") -> int:
        """How often it happened since the start; `last_label`: of those with this one at the end alone."""
        counts = self.count_by_labels(name).items()
        return sum(count for labels, count in counts if last_label in ("", *labels[-1:]))

    def count_by_labels(self, name: str) -> dict[tuple[str, ...], int]:
        """The same by its labels."""
        counts, _, _ = self.copy()
        return {tuple(labels): count for (counter, *labels), count in counts.items() if counter == name}

    def list_gauges(self) -> Iterator[tuple[str, str, float]]:
        """What goes up and down: name, meaning, value."""
        yield "policy_loaded_timestamp_seconds", "When the policy in force was loaded", self._loaded
        yield "policy_usable", "1: a policy is in force; 0: there is none, and nothing is allowed", self._usable
        yield "enforcing", "1: violated rules deny; 0: nothing is enforced (mode audit)", self._enforcing
        for name, (description, read) in self._read_now.items():
            yield name, description, read()

    def copy(self) -> tuple[dict[tuple[str, ...], int], list[int], float]:
        """All counts of one moment by name and labels, how many decisions took up to each of SECONDS, what all took.

        A decision counts once, at the first of SECONDS that is not below what it took.
        """
        with self._lock:
            return self._counts.copy(), self._taken.copy(), self._seconds

    def _add(self, events: Iterable[tuple[str, ...]], seconds: float | None = None) -> None:
        """`seconds`: what a decision took."""
        with self._lock:
            for event in events:
                self._counts[event] = self._counts.get(event, 0) + 1
            if seconds is not None:
                self._taken[bisect_left(SECONDS, seconds)] += 1
                self._seconds += seconds
