"""The host as its files show it: a path in, what lies there out (HostView).

Nothing is refused here; what cannot be read is `unknown`. Between this look and the start of the container somebody may
change a link: allow only folders that the users of Docker cannot write to.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from portero.daemonconfig import DaemonConfig
from portero.daemondefaults import DaemonDefaults
from portero.daemonsockets import WELL_KNOWN, DaemonSockets
from portero.hostpath import clean, is_within
from portero.hostview import MAX_LINKS, Kind, Place, held

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

_KINDS: tuple[tuple[Callable[[int], bool], Kind], ...] = (
    (stat.S_ISDIR, "directory"),
    (stat.S_ISREG, "file"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISBLK, "device"),
    (stat.S_ISCHR, "device"),
)


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
        self._root = Path(root)
        self._visible = visible
        self._always = (*DEFAULT_SOCKETS, *map(clean, sockets))
        self._own = tuple(map(clean, own))
        self._daemons = daemons
        self._name_of = name_of
        self._config = DaemonConfig(daemon_config, lambda path: self._file(self._walk(path)))

    def look(self, path: str) -> Place:
        """What lies at a cleaned absolute path."""
        names = [*self._always, *self._daemons.found()]
        if not self._visible:
            return Place(None, "unknown", held(path, None, {name: name for name in (*names, *self._within_own(path))}))
        resolved, kind = self._resolve(path)
        if kind == "directory":
            names += [name for name in _below(resolved) if self._is_socket(name)]
        if kind == "socket" and os.path.basename(resolved) in WELL_KNOWN:
            names.append(resolved)
        names += [*self._within_own(path), *self._within_own(resolved)]
        return Place(resolved, kind, held(path, resolved, self._resolved(names)))

    def _within_own(self, path: str) -> list[str]:
        """The path itself when it lies in one of portero's own places, and those places, which may lie in it."""
        within = any(is_within(path, own) or is_within(path, self._resolve(own)[0]) for own in self._own)
        return [path, *self._own] if within else list(self._own)

    def network(self, name: str) -> str | None:
        """The name behind a network ID, as the daemon tells it."""
        return self._name_of(name)

    def daemon(self) -> DaemonDefaults:
        """The daemon's defaults, as far as its daemon.json can be seen."""
        return self._config.defaults() if self._visible else DaemonDefaults()

    def _resolved(self, names: Iterable[str]) -> Mapping[str, str]:
        return {name: self._resolve(name)[0] for name in names}

    def _resolve(self, path: str) -> tuple[str, Kind]:
        """The path after links and what is there; the path itself, unknown, when the kernel would not walk it."""
        try:
            resolved = self._walk(path)
            return resolved, self._kind(resolved)
        except OSError:
            return path, "unknown"

    def _walk(self, path: str) -> str:
        """Follows links component by component below the root; OSError as the kernel has it (path_resolution(7))."""
        done, waiting, links = "/", path.split("/")[::-1], 0
        while waiting:
            part = waiting.pop()
            step = clean(f"{done}/{part}")
            link = self._link(step)
            if link is None:
                done = step
                continue
            links += 1
            if links > MAX_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            done = "/" if link.startswith("/") else done
            waiting += link.split("/")[::-1]
        return done

    def _link(self, path: str) -> str | None:
        """Where a link points to; None: no link, or nothing there."""
        try:
            return os.readlink(self._file(path))
        except OSError as error:
            # EINVAL: not a link.
            if error.errno in (errno.EINVAL, errno.ENOENT, errno.ENOTDIR):
                return None
            raise

    def _kind(self, resolved: str) -> Kind:
        try:
            # Resolved already; a link that came up since then must not lead out of the root.
            mode = os.lstat(self._file(resolved)).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return "missing"
        return next((kind for holds, kind in _KINDS if holds(mode)), "unknown")

    def _is_socket(self, path: str) -> bool:
        return self._resolve(path)[1] == "socket"

    def _file(self, path: str) -> Path:
        return self._root / path.lstrip("/")


def _below(folder: str) -> list[str]:
    """The places directly in a folder where a daemon's socket would lie. Never a walk through the tree."""
    return [clean(f"{folder}/{name}") for name in sorted(WELL_KNOWN)]
