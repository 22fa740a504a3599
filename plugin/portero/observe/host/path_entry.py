"""What is at a path of the host, and what of the protected paths it opens: a path in, a HostEntry out."""

import os
import stat
from collections.abc import Iterable

from portero.decide.interfaces.host import HostEntry
from portero.decide.values.dataclass import dataclass
from portero.decide.values.path import clean
from portero.observe.files.symlinks import HostWalk
from portero.observe.host.homes import NO_HOMES, Homes
from portero.observe.host.protected_paths import ProtectedPaths
from portero.observe.host.resolved_paths import ResolvedPaths
from portero.observe.host.root_programs import RootPrograms
from portero.observe.host.sockets import WELL_KNOWN, ListeningSockets

# Where kernels show themselves, whatever is mounted there.
_MADE_UP = ("/proc/", "/sys/", "/dev/")


@dataclass(frozen=True, slots=True)
class EntryFinder:
    """One moment of the host. `names`: of what counts by its name where a way cannot be followed."""

    walk: HostWalk
    protected: ResolvedPaths
    listening: ListeningSockets
    programs: RootPrograms
    names: Iterable[str]
    homes: Homes = NO_HOMES
    caller: int | None = None  # the number of the account that asks; None: not known

    def find(self, path: str) -> HostEntry:
        """What is at a cleaned absolute path. Raises OSError where it could not be read."""
        resolved, kind = self.walk.find_entry(path)
        if resolved is None:
            return self.describe_unseen(path)
        sockets: set[str] = set()
        if kind == "directory":  # never a walk through the tree
            sockets = list_daemon_sockets(self.walk, resolved)
        elif kind == "socket" and os.path.basename(resolved) in WELL_KNOWN:
            sockets = {resolved}
        guarded, portero = self.protected.guarded.list_held(path, resolved), self.protected.portero
        inside = {resolved} if portero.surrounds(path) or portero.surrounds(resolved) else set()
        holds = guarded.union(inside, map(self.walk.resolve_or_keep, sockets))
        is_file = kind == "file"
        return HostEntry(
            resolved,
            kind,
            tuple(sorted(holds | self.listening.of_root.list_held(path, resolved))),
            *self._list_rest(path, resolved),
            readable_by_all=is_file and is_readable_by_all(self.walk, resolved),
            owner_only=is_file and is_owners_alone(self.walk, resolved),
            file_size=file.st_size if is_file and (file := self.walk.lstat(resolved)) else 0,
            of_login=self.homes.list_of_login(path, resolved),
        )

    def describe_unseen(self, path: str) -> HostEntry:
        """What opens a path by its name alone."""
        named = ProtectedPaths({name: name for name in self.names}).list_held(path)
        inside = {path} if self.protected.portero.surrounds(path) else set()
        holds = named | inside | self.listening.of_root.list_held(path)
        of_login = self.homes.list_of_login(path)
        return HostEntry(None, "unknown", tuple(sorted(holds)), *self._list_rest(path), of_login=of_login)

    def _list_rest(self, *paths: str) -> tuple[tuple[str, ...], ...]:
        """What is written there, sockets of users, files and data of daemons, programs of root."""
        protected = self.protected
        written = {*protected.programs.list_opened(*paths), *protected.logs.list_opened(*paths)}
        users = self.listening.of_users.list_held(*paths)
        if users and self.caller is not None:
            users -= self.listening.list_own(self.caller)
        files, data = protected.daemon_files.list_opened(*paths), protected.daemon_data.list_opened(*paths)
        return tuple(sorted(written)), tuple(sorted(users)), files, data, self.programs.list_opened(*paths)


def is_readable_by_all(walk: HostWalk, file: str) -> bool:
    """Whether every user may read a file, whose path has no links: by its mode and those of the folders above it.

    Of what the kernel makes up the mode says nothing: who reads it counts (proc(5), hidepid; /proc/keys).
    """
    if file.startswith(_MADE_UP):
        return False
    entry = walk.lstat(file)
    above = [walk.lstat(file[:end]) for end in range(len(file)) if file[end] == "/"]
    return (
        entry is not None
        and bool(entry.st_mode & stat.S_IROTH)
        and all(folder is not None and folder.st_mode & stat.S_IXOTH for folder in above)
    )


def is_owners_alone(walk: HostWalk, file: str) -> bool:
    """Whether the mode of a file, whose path has no links, lets only its owner read it, as with a key."""
    entry = walk.lstat(file)
    return entry is not None and not entry.st_mode & (stat.S_IRGRP | stat.S_IROTH)


def list_daemon_sockets(walk: HostWalk, folder: str) -> set[str]:
    """The sockets in a folder, whose path has no links, by the usual names of daemons. OSError: one cannot be seen."""
    paths = (clean(f"{folder}/{name}") for name in WELL_KNOWN)
    return {path for path in paths if walk.is_socket(path)}
