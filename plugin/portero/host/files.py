"""The host as its files show it: a path in, what is there out (HostFiles gives a FilesMoment for each request).

A path that this process may not walk is `unknown`; any other failure to read is the refusal host-unreadable. Between
this look and the start of the container a link can change: allow only folders that users of Docker cannot write to.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property

from portero.host.asking_daemon import DAEMON_CONFIG, AskingDaemon
from portero.host.asking_daemons import AskingDaemons
from portero.host.daemon_config import DaemonConfig
from portero.host.daemon_defaults import NOTHING_KNOWN, DaemonDefaults
from portero.host.held_sockets import HeldSockets
from portero.host.path import clean
from portero.host.peer import Peer
from portero.host.protected import Guarded
from portero.host.sockets import DEFAULT_SOCKETS, WELL_KNOWN
from portero.host.symlinks import HostWalk
from portero.host.view import HostEntry
from portero.refusals import Refused


class HostFiles:
    """The host's files below `root`, in which links stay as in a chroot.

    `root` None: where the daemon that asks sees them (`daemons`), or "/" where that is not known.
    `sockets`: paths on the host to protect besides the daemons' own, such as Portero's. `own`: files and folders that
    Portero's decisions depend on, such as its policy; what is below them is protected as well. `visible=False`: the
    host's files are not below `root` at all, so that only names can be compared. `listening`: the daemons' sockets.
    `new_lookup`: makes, for one request, the function from a network's ID to its name (None: not found out).
    """

    def __init__(
        self,
        root: str | None = "/",
        *,
        visible: bool = True,
        sockets: Iterable[str] = (),
        own: Iterable[str] = (),
        listening: HeldSockets,
        new_lookup: Callable[[], Callable[[str], str | None]],
        daemon_config: str = DAEMON_CONFIG,
        daemons: AskingDaemons | None = None,
    ) -> None:
        self.root = root
        self.visible = visible
        self.own = tuple(map(clean, own))
        self.new_lookup = new_lookup
        self._always = (*DEFAULT_SOCKETS, *map(clean, sockets))
        self._listening = listening
        self._config = DaemonConfig(daemon_config)
        self.daemons = daemons or AskingDaemons()

    def moment(self, peer: Peer | None = None) -> "FilesMoment":
        """The host as it is now, for one request of this peer."""
        return FilesMoment(self, peer)

    def read_defaults(self, walk: HostWalk) -> DaemonDefaults:
        """The daemon's defaults, as one walk finds daemon.json. Raises OSError when they cannot be read."""
        if not self.visible:
            return NOTHING_KNOWN
        return self._config.defaults(lambda path: walk.local_path(walk.resolve(path)))

    def list_protected(self) -> tuple[str, ...]:
        """The names of the sockets and of Portero's own files. Raises OSError when the sockets cannot be read."""
        return (*self._always, *self._listening.current().paths(), *self.own)


class FilesMoment:
    """The host's files as one request sees them: each path is looked at once."""

    def __init__(self, host: HostFiles, peer: Peer | None = None) -> None:
        self._host = host
        self._peer = peer
        self._seen: dict[str, HostEntry] = {}
        self._name_of = host.new_lookup()

    def look(self, path: str) -> HostEntry:
        """What is at a cleaned absolute path."""
        if path not in self._seen:
            with _refusing():
                self._seen[path] = self._look(path)
        return self._seen[path]

    def network(self, name: str) -> str | None:
        """The name behind a network ID, as the daemon reports it."""
        with _refusing():
            return self._name_of(name)

    def daemon(self) -> DaemonDefaults:
        """The daemon's defaults, as far as its daemon.json is visible."""
        with _refusing():
            return self._host.read_defaults(self._walk)

    def _look(self, path: str) -> HostEntry:
        resolved, kind = self._walk.find_entry(path) if self._host.visible else (None, "unknown")
        if resolved is None:
            return HostEntry(None, "unknown", tuple(sorted(self._named.held(path) | self._find_own(path))))
        # These are at the path or below it, so they are held as the protected places there are.
        names = self._find_own(path) | self._find_own(resolved)
        if kind == "directory":
            names |= self._find_sockets(resolved)
        if kind == "socket" and os.path.basename(resolved) in WELL_KNOWN:
            names.add(resolved)
        holds = self._guarded.held(path, resolved).union(map(self._walk.resolve_or_keep, names))
        return HostEntry(resolved, kind, tuple(sorted(holds)))

    @cached_property
    def _asking(self) -> AskingDaemon | None:
        """The daemon that asks; None: the peer is none, or not to be seen."""
        return self._host.daemons.find(self._peer)

    @cached_property
    def _walk(self) -> HostWalk:
        if self._host.root is not None:
            return HostWalk(self._host.root)
        return HostWalk(self._asking.root if self._asking else "/")

    @cached_property
    def _protected(self) -> dict[str, str]:
        """The sockets and Portero's own files: name -> path after links."""
        return {name: self._walk.resolve_or_keep(name) for name in self._host.list_protected()}

    @cached_property
    def _guarded(self) -> Guarded:
        return Guarded(self._protected)

    @cached_property
    def _named(self) -> Guarded:
        """The protected places by their names alone."""
        return Guarded({name: name for name in self._host.list_protected()})

    @cached_property
    def _own_prefixes(self) -> tuple[str, ...]:
        """Portero's own files and folders, by name and after links, with a slash after each."""
        places = {place for own in self._host.own for place in (own, self._protected[own])}
        return tuple("/" if place == "/" else f"{place}/" for place in places)

    def _find_own(self, path: str) -> set[str]:
        """The path itself when it is one of Portero's own or below it."""
        return {path} if f"{path}/".startswith(self._own_prefixes) else set()

    def _find_sockets(self, folder: str) -> set[str]:
        """The sockets directly in a folder that have a daemon's default name. Never a walk through the tree."""
        return {clean(f"{folder}/{name}") for name in WELL_KNOWN if self._walk.is_socket(folder, name)}


@contextmanager
def _refusing() -> Iterator[None]:
    """An error of reading becomes a refusal: what could not be read is not the same as nothing."""
    try:
        yield
    except OSError as error:
        raise Refused("host-unreadable") from error
