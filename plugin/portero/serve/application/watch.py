"""Detects changes in policy folders by `stat` of what the loader reads, and waits until a change is complete.

Of a folder that must be signed every file counts.
"""

import os
import stat
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from portero.decide.policy import folder
from portero.observe.files.whole_files import stamp_file
from portero.observe.process.threads import run_within
from portero.serve.settings.settings import Settings

# For each path the result of `stat`, or the number of its error. Two are equal exactly when nothing has changed.
Snapshot: TypeAlias = frozenset[tuple[str, int | tuple[int, ...]]]
# File systems that keep whole seconds (ext3, NFS of one), or every other (vfat): in so many of them a file can be
# changed once more without other times, the second that a poll and a load may take included.
_SECOND_NS = 1_000_000_000
_COARSEST_NS = 3 * _SECOND_NS
# Folders looked into below a path. No policy has so many; a link of another account may lead anywhere.
_MAX_FOLDERS = 10_000
# For the first look, before Portero answers.
_TIMEOUT_SECONDS = 5.0


class Watch:
    """`paths` are files and folders; a folder counts with all that lies below it."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self.cost = 0.0  # of the last snapshot, in seconds of processor time
        try:
            self._last = run_within(_TIMEOUT_SECONDS, "first poll", self.take_snapshot)
        except TimeoutError:
            # Dockerd must be answered. All of it counts as changed once the file system answers.
            self._last = frozenset()
        self.set_baseline(self._last)

    @property
    def is_changed(self) -> bool:
        """Whether the last poll saw a change, settled or not."""
        return self._last != self._baseline

    def take_snapshot(self) -> Snapshot:
        """The paths as they are now."""
        began = time.thread_time()
        snapshot = frozenset(entry for path in self._paths for entry in _list_entries(str(path)))
        self.cost = time.thread_time() - began
        return snapshot

    def set_baseline(self, snapshot: Snapshot) -> None:
        """Compare with this snapshot from now on, but for what could change again without a trace."""
        now = time.time_ns()
        self._baseline = frozenset(entry for entry in snapshot if not _hides_changes(entry[1], now))

    def poll(self) -> bool:
        """Whether a change has settled: the poll before saw it too, and no other can follow without a trace."""
        before, self._last = self._last, self.take_snapshot()
        if self._last != before or self._last == self._baseline:
            return False
        now = time.time_ns()
        return not any(_hides_changes(stamp, now) for _, stamp in self._last - self._baseline)


def list_watched(settings: Settings) -> list[Path]:
    """What decides about the policy: all of a folder that must be signed, else the parts that are read.

    The built-in folder belongs to the code that runs, which is replaced by a restart.
    """
    if settings.trusted_keys:
        return [*settings.schemas, *settings.trusted_keys]
    return [part for path in settings.schemas for part in folder.list_parts(path)]


def _list_entries(start: str) -> Iterator[tuple[str, int | tuple[int, ...]]]:
    """Links are followed, as the loader does; a folder is entered once."""
    waiting = [start]
    entered: set[tuple[int, int]] = set()
    while waiting:
        path = waiting.pop()
        try:
            status = os.stat(path)
            yield path, stamp_file(status)
            is_new = (status.st_dev, status.st_ino) not in entered and len(entered) < _MAX_FOLDERS
            if stat.S_ISDIR(status.st_mode) and is_new:
                entered.add((status.st_dev, status.st_ino))
                waiting += [f"{path}/{name}" for name in os.listdir(path)]
        except OSError as error:
            yield path, error.errno or 0


def _hides_changes(stamp: int | tuple[int, ...], now: int) -> bool:
    """Whether a file can be changed again without other times: they are whole seconds, and those of now."""
    if isinstance(stamp, int):
        return False
    changed = stamp[-1]
    return changed % _SECOND_NS == 0 and abs(now - changed) < _COARSEST_NS
