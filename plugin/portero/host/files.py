"""The host as its files show it: a path in, what lies there out (HostView).

Nothing is refused here; what cannot be read is `unknown`. Between this look and the start of the container somebody may
change a link: allow only folders that the users of Docker cannot write to.
"""

import os
from collections.abc import Callable, Iterable
from functools import cached_property

from portero.host.daemon_config import DaemonConfig
from portero.host.daemon_defaults import NOTHING_KNOWN, DaemonDefaults
from portero.host.path import clean
from portero.host.protected import Guarded
from portero.host.sockets import DEFAULT_SOCKETS, WELL_KNOWN, DaemonSockets
from portero.host.symlinks import HostWalk
from portero.host.view import HostView, Place

# Where dockerd looks for it (moby cmd/dockerd/options.go) unless it is told --config-file.
DAEMON_CONFIG = "/etc/docker/daemon.json"


class HostFiles:
    """The host's files below `root`, in which links stay as in a chroot.

    `sockets`: paths on the host to protect besides the daemons' own, such as portero's. `own`: files and folders that
    portero's word rests on, such as its policy; what lies below them counts as well. `visible=False`: the host's files
    are not below `root` at all, so that only names can be compared. `name_of`: who tells a network's name.
    """

    def __init__(
        self,
        root: str = "/",
        *,
        visible: bool = True,
        sockets: Iterable[str] = (),
        own: Iterable[str] = (),
        daemons: DaemonSockets,
        name_of: Callable[[str], str | None],
        daemon_config: str = DAEMON_CONFIG,
    ) -> None:
        self.root = root
        self.visible = visible
        self._always = (*DEFAULT_SOCKETS, *map(clean, sockets))
        self.own = tuple(map(clean, own))
        self._daemons = daemons
        self._name_of = name_of
        self._config = DaemonConfig(daemon_config)

    def moment(self) -> HostView:
        """The host as it is now, for one request: what several of its mounts ask about is looked up once."""
        return _Moment(self)

    def look(self, path: str) -> Place:
        """What lies at a cleaned absolute path."""
        return self.moment().look(path)

    def network(self, name: str) -> str | None:
        """The name behind a network ID, as the daemon tells it."""
        return self._name_of(name)

    def daemon(self) -> DaemonDefaults:
        """The daemon's defaults, as far as its daemon.json can be seen."""
        return self.moment().daemon()

    def daemon_by(self, walk: HostWalk) -> DaemonDefaults:
        """The same, as one walk finds the file."""
        return self._config.defaults(lambda path: walk.file(walk.resolved(path))) if self.visible else NOTHING_KNOWN

    def protected(self) -> tuple[str, ...]:
        """The sockets and portero's own places, as they are named."""
        return (*self._always, *self._daemons.found(), *self.own)


class _Moment:
    """What a host shows to one request."""

    def __init__(self, host: HostFiles) -> None:
        self._host = host
        self._walk = HostWalk(host.root)
        self._seen: dict[str, Place] = {}

    def moment(self) -> HostView:
        """This one."""
        return self

    def look(self, path: str) -> Place:
        """What lies at a cleaned absolute path."""
        if path not in self._seen:
            self._seen[path] = self._look(path)
        return self._seen[path]

    def _look(self, path: str) -> Place:
        resolved, kind = self._walk.found(path) if self._host.visible else (None, "unknown")
        if resolved is None:
            return Place(None, "unknown", tuple(sorted(self._named.held(path) | self._own(path))))
        # These lie at the place or below it, so that they are held like those of the protected that do.
        names = self._own(path) | self._own(resolved)
        if kind == "directory":
            names |= self._sockets_in(resolved)
        if kind == "socket" and os.path.basename(resolved) in WELL_KNOWN:
            names.add(resolved)
        holds = self._guarded.held(path, resolved).union(map(self._walk.where, names))
        return Place(resolved, kind, tuple(sorted(holds)))

    def network(self, name: str) -> str | None:
        """The name behind a network ID, as the daemon tells it."""
        return self._host.network(name)

    def daemon(self) -> DaemonDefaults:
        """The daemon's defaults, as far as its daemon.json can be seen."""
        return self._host.daemon_by(self._walk)

    @cached_property
    def _protected(self) -> dict[str, str]:
        """The sockets and portero's own places, each as it is named and where it really lies."""
        return {name: self._walk.where(name) for name in self._host.protected()}

    @cached_property
    def _guarded(self) -> Guarded:
        return Guarded(self._protected)

    @cached_property
    def _named(self) -> Guarded:
        """The protected by their names alone."""
        return Guarded({name: name for name in self._protected})

    @cached_property
    def _own_folders(self) -> tuple[str, ...]:
        """How a path in one of portero's own places begins, with a slash after it."""
        places = {place for own in self._host.own for place in (own, self._protected[own])}
        return tuple("/" if place == "/" else f"{place}/" for place in places)

    def _own(self, path: str) -> set[str]:
        """The path itself when it lies in one of portero's own places."""
        return {path} if f"{path}/".startswith(self._own_folders) else set()

    def _sockets_in(self, folder: str) -> set[str]:
        """Those directly in a folder under a name that a daemon's would have. Never a walk through the tree."""
        return {clean(f"{folder}/{name}") for name in WELL_KNOWN if self._walk.is_socket(folder, name)}
