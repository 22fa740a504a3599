"""What is at a path of the host, and what of the protected places it opens: a path in, a HostEntry out."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

from portero.host.known_places import Places
from portero.host.protected import Guarded
from portero.host.socketless import SocketlessFolders
from portero.host.sockets import WELL_KNOWN, ListeningSockets
from portero.host.symlinks import HostWalk
from portero.host.view import HostEntry, Kind


@dataclass(frozen=True, slots=True)
class Looker:
    """One moment of the host. `names`: of what counts by its name where a way cannot be followed."""

    walk: HostWalk
    places: Places
    listening: ListeningSockets
    names: Iterable[str]
    socketless: SocketlessFolders

    def look(self, path: str) -> HostEntry:
        """What is at a cleaned absolute path. Raises OSError where it could not be read."""
        resolved, kind = self.walk.find_entry(path)
        if resolved is None:
            return self.describe_unseen(path)
        sockets = set[str]()
        if kind == "directory":  # never a walk through the tree
            sockets = self.socketless.list_sockets(self.walk, resolved)
        elif kind == "socket" and os.path.basename(resolved) in WELL_KNOWN:
            sockets = {resolved}
        if not sockets and not self._may_open(path) and (resolved == path or not self._may_open(resolved)):
            return HostEntry(resolved, kind, ())
        return self._describe(path, resolved, kind, sockets)

    def describe_unseen(self, path: str) -> HostEntry:
        """What opens a path by its name alone."""
        named = Guarded({name: name for name in self.names}).held(path)
        holds = named | self.places.own.find(path) | self.listening.of_root.held(path)
        return HostEntry(None, "unknown", tuple(sorted(holds)), *self._list_rest(path))

    def _may_open(self, path: str) -> bool:
        """Whether a path may open something that is protected; most do not."""
        listening = self.listening
        return self.places.all.may_open(path) or listening.of_root.may_hold(path) or listening.of_users.may_hold(path)

    def _describe(self, path: str, resolved: str, kind: Kind, sockets: set[str]) -> HostEntry:
        # These are at the path or below it, so they are held as the protected places there are.
        names = sockets | self.places.own.find(path) | self.places.own.find(resolved)
        holds = self.places.guarded.held(path, resolved).union(map(self.walk.resolve_or_keep, names))
        held = tuple(sorted(holds | self.listening.of_root.held(path, resolved)))
        return HostEntry(resolved, kind, held, *self._list_rest(path, resolved))

    def _list_rest(self, *paths: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """What is written there, sockets of users, files and data of daemons."""
        places = self.places
        written = {*places.programs.find(*paths), *places.logs.find(*paths), *places.links.find(*paths)}
        written.update(places.daemons.find_written(*paths))
        users = self.listening.of_users.held(*paths)
        return tuple(sorted(written)), tuple(sorted(users)), *places.daemons.find(*paths)
