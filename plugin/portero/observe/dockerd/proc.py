"""Processes as /proc shows them: texts, links, users, starts and command lines.

OSError: the process is there and could not be read. None, or empty: it has ended, or may not be looked into.
"""

import errno
import os
import re
import stat
import time
from pathlib import Path

from portero.observe.files.symlinks import HostWalk

# What /proc adds to the name of a program that was replaced on the disk, by a package upgrade for instance (proc(5)).
REPLACED = " (deleted)"
_ENDED = frozenset({errno.ENOENT, errno.ESRCH, errno.ENOTDIR})
_CLOSED = frozenset({errno.EACCES, errno.EPERM})
_TICKS = os.sysconf("SC_CLK_TCK")
_UIDS = re.compile(r"^Uid:\t(?P<real>[0-9]+)\t(?P<effective>[0-9]+)", re.MULTILINE)
_CONTAINER = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


def list_processes(proc: Path = Path("/proc")) -> list[str]:
    """The IDs of the processes that run. OSError: they could not be read."""
    pids = [name for name in os.listdir(proc) if name.isdecimal()]
    if not pids:
        # The process that reads is one itself, so this is a folder where /proc should be mounted.
        raise FileNotFoundError(errno.ENOENT, "shows no process", str(proc))
    return pids


def read_text(path: str) -> str:
    """The text of a file of a process; empty when the process is gone, or another user's."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError as error:
        raise_unless_ended(error)
        return ""


def read_link(path: str) -> str:
    """The target of a link of a process; empty when the process is gone, or another user's."""
    try:
        return os.readlink(path)
    except OSError as error:
        raise_unless_ended(error)
        return ""


def raise_unless_ended(error: OSError) -> None:
    """Raise an error again, unless it says that a process has ended or is another user's."""
    if error.errno not in _ENDED | _CLOSED:
        raise error


def parse_user(status: str, *, effective: bool = False) -> int | None:
    """The real or the effective user in a process's status; None: none is shown.

    The owner of the folder in /proc is root for some processes of other users (proc(5)).
    """
    match = _UIDS.search(status)
    return None if match is None else int(match["effective" if effective else "real"])


def parse_start(stat: str) -> int | None:
    """When a process started by its stat, in clock ticks since boot; None: it shows no start."""
    # The fields after the name in brackets begin with the third; the start is the 22nd (proc(5)).
    fields = stat.rpartition(")")[2].split()
    return int(fields[19]) if len(fields) > 19 else None


def parse_containers(cgroup: str) -> frozenset[str]:
    """The IDs of containers in a process's cgroup: Docker, containerd, podman and Kubernetes write them alike."""
    return frozenset(_CONTAINER.findall(cgroup))


def parse_arguments(text: str) -> list[str]:
    return text.removesuffix("\0").split("\0") if text else []


def read_words(file: Path) -> list[str]:
    """The command line or the environment of a process. Raises OSError."""
    return parse_arguments(file.read_text(encoding="utf-8", errors="surrogateescape"))


def read_program(process: str | Path) -> str:
    """The name of the file that a process executes; it cannot choose that itself. Raises OSError."""
    return os.path.basename(os.readlink(f"{process}/exe").removesuffix(REPLACED))


def find_start(started: int) -> int:
    """When a process started, in nanoseconds since 1970, as files have it; `started`: clock ticks since boot."""
    boot = time.clock_gettime_ns(time.CLOCK_REALTIME) - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    return boot + started * 1_000_000_000 // _TICKS


def is_older(root: str, path: str, started: int) -> bool:
    """Whether the file at a path, and each link on the way, was last changed before a process started.

    `root`: below which this process finds the path. `started`: clock ticks since boot. The change time counts: unlike
    the modification time it cannot be set. Raises OSError.
    """
    start = find_start(started)
    # A walk of its own: it looks at what is there now, after the content was read.
    *way, file = HostWalk(root).list_steps(path)
    counting = [step.stat for step in way if step.stat is not None and stat.S_ISLNK(step.stat.st_mode)]
    return file.stat is not None and all(entry.st_ctime_ns < start for entry in (*counting, file.stat))
