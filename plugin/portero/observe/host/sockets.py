"""Where processes of the host listen, at one moment: /proc in, ListeningSockets out.

Of all listening sockets in the file system those of processes inside containers are left out: their paths are no paths
of the host. A process that ended or belongs to another user is left out. Any other failure, such as no free file
descriptor or no /proc, is an OSError: what could not be read is never an empty list.
"""

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from portero.decide.values.dataclass import dataclass
from portero.decide.values.path import clean
from portero.observe.dockerd.dockerd_process import identify_dockerd
from portero.observe.dockerd.proc import (
    list_processes,
    parse_containers,
    parse_user,
    raise_unless_ended,
    read_link,
    read_text,
)
from portero.observe.host.protected_paths import ProtectedPaths

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
WELL_KNOWN = frozenset({*map(os.path.basename, DEFAULT_SOCKETS), "containerd-debug.sock"})
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
    `dockerds`: processes of root that execute dockerd and listen, outside containers.
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

    def list_own(self, uid: int) -> frozenset[str]:
        """The real paths of sockets on which only this user listens."""
        others = {socket.real for socket in self.sockets if socket.uid != uid}
        return frozenset(socket.real for socket in self.sockets if socket.uid == uid) - others

    def list_paths(self, pid: int) -> tuple[str, ...]:
        return tuple(socket.path for socket in self.sockets if socket.pid == pid)


# A process, and whether it is in a container.
_Holder: TypeAlias = tuple[str, bool]


def read_sockets(proc: Path = Path("/proc")) -> ListeningSockets:
    """The sockets on which processes of the host listen now. OSError: /proc could not be read, or not all of it."""
    pids = list_processes(proc)
    listening = dict(_list_in_namespaces(proc, pids))
    holders = _find_holders(proc, pids, listening.keys())
    unheld = [path for inode, path in listening.items() if inode not in holders]
    sockets = tuple(_list_sockets(proc, listening, holders))
    of_root = sorted({socket.pid for socket in sockets if socket.uid == 0})
    return ListeningSockets(
        sockets,
        tuple(clean(path) for path in unheld if path.startswith("/") and PurePosixPath(path).name in WELL_KNOWN),
        tuple(pid for pid in of_root if identify_dockerd(pid, proc) is not None),
    )


def _list_in_namespaces(proc: Path, pids: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(inode, path) of the listening sockets in each network namespace that a process outside containers is in."""
    # Our own is listed even where the links of all other processes are closed to us.
    seen = {read_link(f"{proc}/self/ns/net")}
    yield from list_listening(f"{proc}/self/net/unix")
    for pid in pids:
        namespace = read_link(f"{proc}/{pid}/ns/net")
        if namespace in seen or not namespace or is_contained(proc, pid):
            continue
        seen.add(namespace)
        yield from list_listening(f"{proc}/{pid}/net/unix")


def list_listening(file: str) -> Iterator[tuple[str, str]]:
    """(inode, path) of each listening socket with a path; abstract ones ("@...") cannot be mounted."""
    for line in read_text(file).split("\n"):
        # A line feed in a path makes lines of another form; no daemon has one in its path.
        match = _LINE.fullmatch(line)
        if match and int(match["flags"], 16) & _ACCEPTS:
            yield match["inode"], match["path"]


def _find_holders(proc: Path, pids: Iterable[str], wanted: Collection[str]) -> dict[str, _Holder]:
    """The process that has each socket open: one of root outside containers before any other, then one outside."""
    holders: dict[str, _Holder] = {}
    open_ends = set(wanted)
    # The newest first: systemd has the sockets open that it opened for others.
    for pid in sorted(pids, key=int, reverse=True):
        if not open_ends:
            break
        opened = [inode for inode in list_open_sockets(f"{proc}/{pid}/fd") if inode in open_ends]
        if not opened:
            continue
        contained = is_contained(proc, pid)
        of_root = not contained and parse_user(read_text(f"{proc}/{pid}/status")) == 0
        for inode in opened:
            if inode not in holders or (holders[inode][1] and not contained) or of_root:
                holders[inode] = pid, contained
            if of_root:
                open_ends.discard(inode)
    return holders


def list_open_sockets(folder: str) -> Iterator[str]:
    """The inodes of those that a process has open, by its folder of descriptors."""
    try:
        descriptors = os.listdir(folder)
    except OSError as error:
        raise_unless_ended(error)
        return
    for descriptor in descriptors:
        link = read_link(f"{folder}/{descriptor}")
        if link.startswith("socket:["):
            yield link[len("socket:[") : -1]


def is_contained(proc: Path, pid: str) -> bool:
    """Whether a process is in another PID namespace with another root, or in the control group of a container.

    A service with PrivatePIDs= (systemd.exec(5)) has the host's root; no container has, with a control group or without
    one. What has another root alone is a daemon in a chroot, whose files are the host's. Our own container is none.
    """
    namespace = read_link(f"{proc}/{pid}/ns/pid")
    if namespace and namespace != read_link(f"{proc}/self/ns/pid") and not _has_our_root(proc, pid):
        return True
    return not parse_containers(read_text(f"{proc}/{pid}/cgroup")) <= parse_containers(read_text(f"{proc}/self/cgroup"))


def _has_our_root(proc: Path, pid: str) -> bool:
    try:
        return os.path.samestat(os.stat(f"{proc}/{pid}/root"), os.stat(f"{proc}/self/root"))
    except OSError as error:
        raise_unless_ended(error)
        return False


def _list_sockets(
    proc: Path, listening: Mapping[str, str], holders: Mapping[str, _Holder]
) -> Iterator[ListeningSocket]:
    for inode, (pid, contained) in holders.items():
        process = f"{proc}/{pid}"
        # A user that changed since counts as it is now; a process without one has ended.
        status = read_text(f"{process}/status")
        uid, started_by = parse_user(status, effective=True), parse_user(status)
        if contained or uid is None:
            continue
        # A set-uid program has the rights of its owner, whoever started it.
        uid = 0 if started_by == 0 else uid
        # A relative path counts from the folder of the process.
        path = clean(os.path.join(read_link(f"{process}/cwd"), listening[inode]))
        folder, _, name = path.rpartition("/")
        yield ListeningSocket(path, f"{os.path.realpath(folder or '/').rstrip('/')}/{name}", int(pid), uid)
