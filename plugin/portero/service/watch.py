"""Notices that policy folders changed: looked at every so often, it says when a change has come to rest.

Only what `stat` tells is compared, of what the loader reads; a folder that must be signed counts as a whole.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from portero.policy import folder
from portero.service.settings import Settings

# For each path what `stat` says, or the number of the error that it gives.
Look: TypeAlias = frozenset[tuple[str, int | tuple[int, ...]]]


class Watch:
    """`places` are files and folders; folders count with all that lies below them."""

    def __init__(self, places: Sequence[Path]) -> None:
        self._places = places
        self._taken = self._last = self.look()

    def look(self) -> Look:
        """The places as they are now. Two looks are equal exactly when nothing changed between them."""
        return frozenset(entry for place in self._places for entry in _entries(str(place)))

    def take(self, taken: Look) -> None:
        """From now on this is what nothing has changed from."""
        self._taken = taken

    def at_rest(self) -> bool:
        """Whether there is a change, and the look before this one saw it already: a half-written folder is not one."""
        before, self._last = self._last, self.look()
        return self._last == before and self._last != self._taken


def watched(settings: Settings) -> list[Path]:
    """What decides about the policy: all of a folder that must be signed, else the parts that are read."""
    if settings.trusted_keys:
        return [*settings.policy_folders, *settings.trusted_keys]
    return [part for place in settings.policy_folders for part in folder.parts(place)]


def _entries(place: str) -> Iterator[tuple[str, int | tuple[int, ...]]]:
    """Links are followed, as the loader does; a folder that is met again is not entered twice."""
    left, entered = [place], set()
    while left:
        path = left.pop()
        try:
            found = os.stat(path)
            yield path, _told(found)
            if stat.S_ISDIR(found.st_mode) and (found.st_dev, found.st_ino) not in entered:
                entered.add((found.st_dev, found.st_ino))
                left += [f"{path}/{name}" for name in os.listdir(path)]
        except OSError as error:
            yield path, error.errno or 0


def _told(found: os.stat_result) -> tuple[int, ...]:
    # The time of the last change of the inode cannot be set back; it changes with content, mode, owner and name.
    return found.st_dev, found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns
