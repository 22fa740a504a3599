"""Allowed reads that share a line of the decision log: what clients ask all the time, and no rule reports.

The first of a kind has a line of its own. Those that follow are counted, and one line stands for them: as soon as they
are as many as the setting says, after a minute, and when the process ends.
"""

import threading
from collections.abc import Hashable
from dataclasses import dataclass, replace

from portero.decision import Decision
from portero.service.log_line import LogLine

# What hands out the content of a container, an image or a secret, or what runs where, is not among them.
OPERATIONS = frozenset(
    {
        "SystemPing",
        "SystemPingHead",
        "SystemVersion",
        "SystemInfo",
        "SystemDataUsage",
        "ContainerList",
        "ImageList",
        "VolumeList",
        "NetworkList",
        "NetworkListSlash",
        "ServiceList",
        "TaskList",
        "NodeList",
        "SecretList",
        "ConfigList",
        "PluginList",
    }
)
# Kinds at one time. User-Agent is of a kind's name, and clients choose it.
_MOST_KINDS = 256


@dataclass(slots=True)
class _Kind:
    """The reads since the last line, and the line of the last of them."""

    count: int
    line: LogLine


class SharedLines:
    """`most`: so many reads share a line; 1: none do."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._kinds: dict[Hashable, _Kind] = {}

    def may_share(self, decision: Decision) -> bool:
        """Whether this decision may share a line with others of its kind."""
        subject = decision.subject
        return (
            self.most > 1
            and subject.operation in OPERATIONS
            and subject.reads
            and not decision.violations
            and not decision.breaks_glass
            and not subject.trace
        )

    def add(self, line: LogLine) -> LogLine | None:
        """The line to write now; None: a later one stands for this decision too."""
        decision = line.decision
        of_kind = (decision.subject, decision.policy, decision.profile, decision.audit_profile, decision.mode)
        with self._lock:
            kind = self._kinds.get(of_kind)
            if kind is None:
                if len(self._kinds) < _MOST_KINDS:
                    self._kinds[of_kind] = _Kind(0, line)
                return line
            kind.count += 1
            kind.line = line
            return _take(kind) if kind.count == self.most else None

    def take_all(self) -> list[LogLine]:
        """The lines of what was only counted so far. Kinds without any since the last time are forgotten."""
        with self._lock:
            counted = {of_kind: kind for of_kind, kind in self._kinds.items() if kind.count}
            self._kinds = counted
            return [_take(kind) for kind in counted.values()]


def _take(kind: _Kind) -> LogLine:
    line = replace(kind.line, alike=kind.count)
    kind.count = 0
    return line
