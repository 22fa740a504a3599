"""Where dockerd, containerd and their like listen: the running processes (/proc) in, ListeningSockets out.

A process that ended or belongs to another user is left out. Any other failure, such as no free file descriptor or no
/proc, is an OSError: what could not be read is never an empty list.
"""

import errno
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from portero.host.path import clean

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


DAEMONS = frozenset({"dockerd", "containerd", "buildkitd", "podman", "crio"})

# Names that the daemons give their sockets by default.
WELL_KNOWN = frozenset(
    {"docker.sock", "containerd.sock", "containerd-debug.sock", "buildkitd.sock", "podman.sock", "crio.sock"}
)

# A process that ended (proc(5)), and one of another user.
_GONE = frozenset({errno.ENOENT, errno.ESRCH, errno.ENOTDIR, errno.EACCES, errno.EPERM})

# include/uapi/linux/net.h: the flag of a listening socket in /proc/net/unix.
_ACCEPTS = 0x10000

# net/unix/af_unix.c, unix_seq_show: address, references, protocol, flags, type, state, inode, path.
_LINE = re.compile(
    r"[0-9a-f]+: [0-9A-F]+ [0-9A-F]+ (?P<flags>[0-9A-F]+) [0-9A-F]+ [0-9A-F]+ +(?P<inode>[0-9]+) (?P<path>[^@].*)", re.S
)


@dataclass(frozen=True, slots=True)
class ListeningSocket:
    """A Unix socket in the file system, and the process that listens there."""

    path: str  # cleaned, as the process names it
    daemon: str  # the name of the process, one of DAEMONS
    pid: int
    uid: int | None  # the real user of the process; None: not visible


@dataclass(frozen=True, slots=True)
class ListeningSockets:
    """The sockets of the container daemons at one moment. Empty: /proc was read, and none listens."""

    sockets: tuple[ListeningSocket, ...]

    def paths(self) -> tuple[str, ...]:
        """All paths, sorted, each once."""
        return tuple(sorted({socket.path for socket in self.sockets}))

    def paths_of(self, daemon: str) -> tuple[str, ...]:
        """The paths of one daemon, sorted, each once."""
        return tuple(sorted({socket.path for socket in self.sockets if socket.daemon == daemon}))


def read_sockets(proc: Path = Path("/proc")) -> ListeningSockets:
    """The sockets of the daemons that run now. OSError: /proc could not be read, or not all of it."""
    return ListeningSockets(tuple(_list_sockets(proc)))


def _list_sockets(proc: Path) -> Iterator[ListeningSocket]:
    for process in _list_processes(proc):
        name = _read_text(process / "comm").strip()
        if name not in DAEMONS:
            continue
        inodes, uid = _list_socket_inodes(process), _read_uid(process)
        for inode, path in _list_listening(process):
            # The inodes of another user's process are hidden; the names of its sockets are not.
            if inode in inodes or PurePosixPath(path).name in WELL_KNOWN:
                yield ListeningSocket(path, name, int(process.name), uid)


def _list_processes(proc: Path) -> list[Path]:
    processes = [proc / name for name in os.listdir(proc) if name.isdecimal()]
    if not processes:
        # The process that reads is one itself, so this is a folder where /proc should be mounted.
        raise FileNotFoundError(errno.ENOENT, "shows no process", str(proc))
    return processes


def _list_socket_inodes(process: Path) -> frozenset[str]:
    """Inodes of the open sockets of a process."""
    folder = process / "fd"
    try:
        descriptors = os.listdir(folder)
    except OSError as error:
        _raise_unless_gone(error)
        return frozenset()
    links = (_read_link(folder / descriptor) for descriptor in descriptors)
    return frozenset(link[len("socket:[") : -1] for link in links if link.startswith("socket:["))


def _list_listening(process: Path) -> Iterator[tuple[str, str]]:
    """(inode, path) of each listening socket with a path; abstract ones ("@...") cannot be mounted."""
    for line in _read_text(process / "net" / "unix").split("\n"):
        # A line feed in a path makes lines of another form; no daemon has one in its path.
        match = _LINE.fullmatch(line)
        if match and int(match["flags"], 16) & _ACCEPTS:
            # A relative path counts from the folder of the process.
            yield match["inode"], clean(os.path.join(_read_link(process / "cwd"), match["path"]))


def _read_uid(process: Path) -> int | None:
    """The real user ID: the owner of the folder in /proc is root for some processes of other users (proc(5))."""
    match = re.search(r"^Uid:\t([0-9]+)", _read_text(process / "status"), re.MULTILINE)
    return None if match is None else int(match[1])


def _read_text(path: Path) -> str:
    """The text of a file of a process; empty when the process is gone."""
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        _raise_unless_gone(error)
        return ""


def _read_link(path: Path) -> str:
    try:
        return os.readlink(path)
    except OSError as error:
        _raise_unless_gone(error)
        return ""


def _raise_unless_gone(error: OSError) -> None:
    if error.errno not in _GONE:
        raise error
