"""Notices changes in policy folders: it compares `stat` of what the loader reads, and waits until a change is complete.

A folder that must be signed counts as a whole.
"""

import os
import stat
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from portero.policy import folder
from portero.settings.settings import Settings

# For each path the result of `stat`, or the number of its error.
Look: TypeAlias = frozenset[tuple[str, int | tuple[int, ...]]]
# File systems that keep whole seconds (ext3, NFS of one), or every other (vfat): in so many of them a file can be
# changed once more without other times, the second that a look and a load may take included.
_SECOND_NS = 1_000_000_000
_COARSEST_NS = 3 * _SECOND_NS


class Watch:
    """`paths` are files and folders; a folder counts with all that lies below it."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self.cost = 0.0  # of the last look, in seconds of processor time
        self._last = self.look()
        self.take(self._last)

    @property
    def is_changed(self) -> bool:
        """Whether the last look saw a change, at rest or not."""
        return self._last != self._taken

    def look(self) -> Look:
        """The paths as they are now. Two looks are equal exactly when nothing changed between them."""
        began = time.thread_time()
        found = frozenset(entry for path in self._paths for entry in _entries(str(path)))
        self.cost = time.thread_time() - began
        return found

    def take(self, taken: Look) -> None:
        """Use this look as the baseline, but for what could change again without a trace."""
        now = time.time_ns()
        self._taken = frozenset(entry for entry in taken if not _hides_changes(entry[1], now))

    def at_rest(self) -> bool:
        """Whether there is a change that the look before this one saw too: the folder is not half-written.

        One after which another could come without a trace is not at rest.
        """
        before, self._last = self._last, self.look()
        if self._last != before or self._last == self._taken:
            return False
        now = time.time_ns()
        return not any(_hides_changes(stamp, now) for _, stamp in self._last - self._taken)


def list_watched(settings: Settings) -> list[Path]:
    """What decides about the policy: all of a folder that must be signed, else the parts that are read.

    The built-in folder belongs to the code that runs, which is replaced by a restart.
    """
    if settings.trusted_keys:
        return [*settings.schemas, *settings.trusted_keys]
    return [part for path in settings.schemas for part in folder.list_parts(path)]


def _entries(start: str) -> Iterator[tuple[str, int | tuple[int, ...]]]:
    """Links are followed, as the loader does; a folder that is met again is not entered twice."""
    left, entered = [start], set()
    while left:
        path = left.pop()
        try:
            found = os.stat(path)
            yield path, _stamp(found)
            if stat.S_ISDIR(found.st_mode) and (found.st_dev, found.st_ino) not in entered:
                entered.add((found.st_dev, found.st_ino))
                left += [f"{path}/{name}" for name in os.listdir(path)]
        except OSError as error:
            yield path, error.errno or 0


def _stamp(found: os.stat_result) -> tuple[int, ...]:
    # The time of the last change of the inode cannot be set back; it changes with content, mode, owner and name.
    return found.st_dev, found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _hides_changes(stamp: int | tuple[int, ...], now: int) -> bool:
    """Whether a file can be changed again without other times: they are whole seconds, and those of now."""
    if isinstance(stamp, int):
        return False
    changed = stamp[-1]
    return changed % _SECOND_NS == 0 and abs(now - changed) < _COARSEST_NS
