"""The sockets on which processes of the host listen, at one moment: plain values (listening_sockets.py reads them)."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from portero.host.protected_paths import ProtectedPaths

# Where the daemons listen by default; these are protected even when no process and no file can be seen.
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


# Names that the daemons give their sockets by default.
WELL_KNOWN = frozenset(
    {"docker.sock", "containerd.sock", "containerd-debug.sock", "buildkitd.sock", "podman.sock", "crio.sock"}
)


@dataclass(frozen=True, slots=True)
class ListeningSocket:
    """A Unix socket in the file system, and the process that listens there."""

    path: str  # cleaned, as the process names it
    real: str  # after links
    pid: int
    uid: int  # the real user of the process

    @property
    def is_held(self) -> bool:
        return self.uid == 0 or PurePosixPath(self.path).name in WELL_KNOWN


@dataclass(frozen=True)
class ListeningSockets:
    """The listening sockets of one moment. Empty: /proc was read, and none listens.

    `unattributed`: those with a daemon's default name whose process belongs to another user, and so cannot be seen.
    `dockerds`: processes of root called dockerd that listen, outside containers.
    """

    sockets: tuple[ListeningSocket, ...]
    unattributed: tuple[str, ...] = ()
    dockerds: tuple[int, ...] = ()

    @cached_property
    def of_root(self) -> ProtectedPaths:
        """Sockets of processes of root, those with a daemon's default name, and those that cannot be attributed."""
        held = {socket.path: socket.real for socket in self.sockets if socket.is_held}
        return ProtectedPaths(held | {path: path for path in self.unattributed})

    @cached_property
    def of_users(self) -> ProtectedPaths:
        """All others: those of processes of other users."""
        return ProtectedPaths({socket.path: socket.real for socket in self.sockets if not socket.is_held})

    def list_paths(self, pid: int) -> tuple[str, ...]:
        return tuple(socket.path for socket in self.sockets if socket.pid == pid)
