"""Which sensitive and protected paths are links: a walk of this moment in, the paths that lead elsewhere out.

A folder tells by its times whether an entry came or went since it was looked through. Only then is it looked through
again: the paths are many, and hardly ever a link.
"""

import os
import time
from collections import defaultdict
from collections.abc import Iterable

from portero.host.protected import Inside
from portero.host.sensitive import HOMES, SENSITIVE
from portero.host.symlinks import HostWalk

_USUAL = (*SENSITIVE, *HOMES)
_INSIDE_USUAL = Inside(_USUAL)
# A folder that changed so recently can change again without other times (a tick of the kernel's clock is far shorter).
_SETTLED_NS = 1_000_000_000


class KnownLinks:
    """Remembers for each folder which of the paths in it are links. `protected`: paths beside the sensitive ones."""

    def __init__(self, protected: Iterable[str]) -> None:
        self._protected = frozenset(protected)
        folders: defaultdict[str, list[str]] = defaultdict(list)
        for path in sorted(self._protected.union(_USUAL)):
            folders[path.rpartition("/")[0] or "/"].append(path)
        self._folders = dict(folders)
        self._known: dict[str, tuple[tuple[int, ...], list[str]]] = {}

    def find(self, walk: HostWalk) -> dict[str, str]:
        """The paths that lead elsewhere: path -> path after links. Raises OSError where they cannot be read."""
        moved = [path for folder in self._folders for path in self._list_moved(walk, folder)]
        reals = {path: real for path in moved if (real := walk.resolve_or_keep(path)) != path}
        # What lies at a sensitive place is judged by that place's own name; nothing speaks for a protected one.
        return {path: real for path, real in reals.items() if path in self._protected or not _INSIDE_USUAL.find(real)}

    def _list_moved(self, walk: HostWalk, folder: str) -> list[str]:
        """The paths in a folder that may lead elsewhere."""
        if walk.resolve_or_keep(folder) != folder:
            return self._folders[folder]
        found = walk.look(folder)
        if found is None:
            return []
        times = _stamp(found)
        known = self._known.get(folder)
        if known is not None and known[0] == times:
            return known[1]
        links = [path for path in self._folders[folder] if walk.resolve_or_keep(path) != path]
        if abs(time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns)) > _SETTLED_NS:
            self._known[folder] = times, links
        return links


def _stamp(found: os.stat_result) -> tuple[int, ...]:
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns
