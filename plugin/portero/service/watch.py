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
from portero.service.settings import Settings

# For each path the result of `stat`, or the number of its error.
Look: TypeAlias = frozenset[tuple[str, int | tuple[int, ...]]]


class Watch:
    """`paths` are files and folders; a folder counts with all that lies below it."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self.cost = 0.0  # of the last look, in seconds of processor time
        self._taken = self._last = self.look()

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
        """Use this look as the baseline."""
        self._taken = taken

    def at_rest(self) -> bool:
        """Whether there is a change that the look before this one saw too: the folder is not half-written."""
        before, self._last = self._last, self.look()
        return self._last == before and self._last != self._taken


def watched(settings: Settings) -> list[Path]:
    """What decides about the policy: all of a folder that must be signed, else the parts that are read."""
    if settings.trusted_keys:
        return [*settings.policy_folders, *settings.trusted_keys]
    return [part for path in settings.policy_folders for part in folder.parts(path)]


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
