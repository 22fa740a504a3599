"""The host as its files show it: a path in, what lies there out (HostView).

Nothing is refused here; what cannot be read is `unknown`. Between this look and the start of the container somebody may
change a link: allow only folders that the users of Docker cannot write to.
"""

import os
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path

from portero.daemonconfig import DaemonConfig
from portero.daemondefaults import DaemonDefaults
from portero.daemonsockets import WELL_KNOWN, DaemonSockets
from portero.hostpath import clean, is_within
from portero.hostview import HostView, Place, held
from portero.hostwalk import HostWalk

# Where the daemons listen unless they are told otherwise; these hold even when no process and no file can be seen.
DEFAULT_SOCKETS = (
    "/run/docker.sock",
    "/var/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/var/run/containerd/containerd.sock",
    "/run/docker/containerd/containerd.sock",
    "/var/run/docker/containerd/containerd.sock",
    "/run/buildkit/buildkitd.sock",
    "/run/podman/podman.sock",
    "/run/crio/crio.sock",
)

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
        self._config = DaemonConfig(daemon_config, self._file)

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
        return self._config.defaults() if self.visible else DaemonDefaults()

    def protected(self) -> tuple[str, ...]:
        """The sockets and portero's own places, as they are named."""
        return (*self._always, *self._daemons.found(), *self.own)

    def _file(self, path: str) -> Path:
        walk = HostWalk(self.root)
        return Path(walk.file(walk.resolved(path)))


class _Moment:
    """What a host shows to one request."""

    def __init__(self, host: HostFiles) -> None:
        self._host = host
        self._walk = HostWalk(host.root)

    def moment(self) -> HostView:
        """This one."""
        return self

    def look(self, path: str) -> Place:
        """What lies at a cleaned absolute path."""
        if not self._host.visible:
            names = {*self._protected, *self._own(path)}
            return Place(None, "unknown", held(path, None, {name: name for name in names}))
        resolved, kind = self._walk.found(path)
        names = self._own(path) | self._own(resolved)
        if kind == "directory":
            names |= self._sockets_in(resolved)
        if kind == "socket" and os.path.basename(resolved) in WELL_KNOWN:
            names.add(resolved)
        more = {name: self._walk.where(name) for name in names}
        return Place(resolved, kind, held(path, resolved, self._protected | more))

    def network(self, name: str) -> str | None:
        """The name behind a network ID, as the daemon tells it."""
        return self._host.network(name)

    def daemon(self) -> DaemonDefaults:
        """The daemon's defaults, as far as its daemon.json can be seen."""
        return self._host.daemon()

    @cached_property
    def _protected(self) -> dict[str, str]:
        """The sockets and portero's own places, each as it is named and where it really lies."""
        return {name: self._walk.where(name) for name in self._host.protected()}

    def _own(self, path: str) -> set[str]:
        """The path itself when it lies in one of portero's own places."""
        within = any(is_within(path, own) or is_within(path, self._protected[own]) for own in self._host.own)
        return {path} if within else set()

    def _sockets_in(self, folder: str) -> set[str]:
        """Those directly in a folder under a name that a daemon's would have. Never a walk through the tree."""
        return {clean(f"{folder}/{name}") for name in WELL_KNOWN if self._walk.is_socket(folder, name)}
