"""How the kernel gets to a path of the host, who can lead it elsewhere, what it opens there: a path in, a Trace out.

A source is looked up again at each start of a container. An account that can replace an entry on the way by a link
chooses what the container gets then, without a request that could be judged.
"""

import os
import stat
from collections.abc import Iterator, Sequence

from portero.decide.interfaces.host import Passage, Swap, Trace
from portero.decide.values.dataclass import dataclass
from portero.decide.values.path import is_within
from portero.observe.files.mount_table import MountTable
from portero.observe.files.mountinfo import drop_copies
from portero.observe.files.owners import AccountNames, Owners, UnseenOwner, Writer, is_roots_alone
from portero.observe.files.symlinks import HostWalk, WalkStep
from portero.observe.host.homes import NO_HOMES, Homes, name_linked
from portero.observe.host.resolved_paths import Links


def find_passage(walk: HostWalk, mounts: MountTable, path: str) -> Passage:
    """What a trace has without protected paths, homes and owners. Raises OSError where the way cannot be read."""
    resolved, kind = walk.find_entry(path)
    if resolved is None:
        return Passage()
    return Passage(resolved, _name_folders(walk, mounts, path), mounts.list_names(resolved), kind)


def _name_folders(walk: HostWalk, mounts: MountTable, path: str) -> tuple[str, ...]:
    """The folders on the way to a path, in its order, each under all its names."""
    folders = dict.fromkeys(walk.list_folders(path))
    return tuple(dict.fromkeys(name for folder in folders for name in (folder, *mounts.list_names(folder))))


def _find_nearest(steps: Sequence[WalkStep]) -> str:
    if not steps or steps[-1].stat is not None:
        return ""
    return next(step.folder for step in reversed(steps) if step.folder_stat is not None)


@dataclass(frozen=True, slots=True)
class Tracer:
    """One moment of the host. `links`: sensitive paths that lead elsewhere, and where (resolved_paths.py)."""

    walk: HostWalk
    mounts: MountTable
    owners: Owners
    names: AccountNames
    links: Links
    homes: Homes = NO_HOMES

    def trace(self, path: str, resolved: str) -> Trace:
        """`path` and where its links lead. Raises OSError where an owner cannot be read."""
        steps = self.walk.list_steps(path)
        try:
            swaps, writers, seen = tuple(self._list_swaps(steps)), tuple(self._name_writers(resolved)), True
        except UnseenOwner:
            swaps, writers, seen = (), (), False
        reach = self.mounts.find_reach(resolved)
        others = reach.names.union(name_linked(resolved, self.links)) - {path}
        others |= {name for name in name_linked(resolved, self.homes.links) if not is_within(name, path)}
        return Trace(
            _name_folders(self.walk, self.mounts, path),
            swaps,
            tuple(sorted(drop_copies(path, others, self.mounts))) if others else (),
            tuple(sorted(reach.kernel_types)),
            tuple(sorted(reach.points)),
            seen,
            self.homes.list_unseen({path, resolved, *others}),
            writers,
            _find_nearest(steps),
        )

    def _list_swaps(self, steps: Sequence[WalkStep]) -> Iterator[Swap]:
        for step in steps:
            # dockerd creates what is missing, as root.
            if step.folder_stat is not None and (self.mounts.has_servers or not is_roots_alone(step.folder_stat)):
                writers = self._list_writers(step.folder, step.folder_stat, step.stat)
                for writer in sorted(writers, key=lambda writer: (writer.kind, writer.id)):
                    yield Swap(self.names.describe(writer), step.path)

    def _name_writers(self, resolved: str) -> Iterator[str]:
        entry = self.walk.lstat(resolved)
        if entry is not None and stat.S_ISDIR(entry.st_mode) and (self.mounts.has_servers or not is_roots_alone(entry)):
            yield from sorted(map(self.names.describe, self._list_writers(resolved, entry, None)))

    def _list_writers(
        self, folder: str, folder_stat: os.stat_result, entry: os.stat_result | None
    ) -> frozenset[Writer]:
        server = self.mounts.find_mount(folder).server
        if server is not None and server not in self.owners.root:
            return frozenset({Writer("user", server)})
        return self.owners.list_writers(self.walk.local_path(folder), folder_stat, entry)
