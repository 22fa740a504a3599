"""Where dockerd, containerd and their like listen, as the running processes show it.

Comes in: /proc. Goes out: the paths of listening Unix sockets by process name. What cannot be read is left out; the
well-known places (hostfiles.py) hold without it.
"""

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from portero.host.path import clean

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


DAEMONS = frozenset({"dockerd", "containerd", "buildkitd", "podman", "crio"})

# Names that the daemons give their sockets by default.
WELL_KNOWN = frozenset(
    {"docker.sock", "containerd.sock", "containerd-debug.sock", "buildkitd.sock", "podman.sock", "crio.sock"}
)

# Processes start and stop; a command of docker asks several times within moments.
_KEPT_SECONDS = 5.0

# include/uapi/linux/net.h: the flag of a listening socket in /proc/net/unix.
_ACCEPTS = 0x10000

# net/unix/af_unix.c, unix_seq_show: address, references, protocol, flags, type, state, inode, path.
_LINE = re.compile(
    r"[0-9a-f]+: [0-9A-F]+ [0-9A-F]+ (?P<flags>[0-9A-F]+) [0-9A-F]+ [0-9A-F]+ +(?P<inode>[0-9]+) (?P<path>[^@].*)", re.S
)


@dataclass(slots=True)
class DaemonSockets:
    """The listening sockets of the container daemons, read anew when the last reading is older than five seconds."""

    proc: Path = Path("/proc")
    clock: Callable[[], float] = time.monotonic
    _found: Mapping[str, str] = field(default_factory=dict, init=False)
    _until: float = field(default=float("-inf"), init=False)

    def found(self) -> Mapping[str, str]:
        """Socket path -> name of the daemon that listens there."""
        now = self.clock()
        if now >= self._until:
            self._found = dict(_listening(self.proc))
            self._until = now + _KEPT_SECONDS
        return self._found

    def of(self, daemon: str) -> tuple[str, ...]:
        """The sockets of one daemon, sorted."""
        return tuple(sorted(path for path, name in self.found().items() if name == daemon))


def _listening(proc: Path) -> Iterator[tuple[str, str]]:
    for process in _processes(proc):
        name = _text(process / "comm").strip()
        if name not in DAEMONS:
            continue
        inodes = _socket_inodes(process)
        for inode, path in _unix_sockets(process):
            # The inodes of another user's process are hidden from us; its sockets' names may still tell.
            if inode in inodes or PurePosixPath(path).name in WELL_KNOWN:
                yield path, name


def _processes(proc: Path) -> Iterator[Path]:
    try:
        names = os.listdir(proc)
    except OSError:
        return
    yield from (proc / name for name in names if name.isdecimal())


def _socket_inodes(process: Path) -> frozenset[str]:
    """Inodes of the process's open sockets."""
    folder = process / "fd"
    try:
        descriptors = os.listdir(folder)
    except OSError:
        return frozenset()
    links = (_link(folder / descriptor) for descriptor in descriptors)
    return frozenset(link[len("socket:[") : -1] for link in links if link.startswith("socket:["))


def _unix_sockets(process: Path) -> Iterator[tuple[str, str]]:
    """(inode, path) of each listening socket with a path; abstract ones ("@...") cannot be mounted."""
    for line in _text(process / "net" / "unix").split("\n"):
        # A line feed in somebody's path makes lines of another form; they name no daemon's socket.
        match = _LINE.fullmatch(line)
        if match and int(match["flags"], 16) & _ACCEPTS:
            # A daemon may have been told a relative path.
            yield match["inode"], clean(os.path.join(_link(process / "cwd"), match["path"]))


def _text(path: Path) -> str:
    """The file's text, empty when the process is gone or is not ours to read."""
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


def _link(path: Path) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""
