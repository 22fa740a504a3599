"""One dockerd as /proc shows it: its ID in, command line, environment, user and files out.

OSError: the process is there and could not be read. None: it has ended, or may not be looked into.
"""

import errno
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from portero.decide.interfaces.daemon import DockerdIdentity
from portero.decide.values.dataclass import dataclass
from portero.observe.dockerd.proc import parse_start, parse_user, raise_unless_ended, read_program, read_words

_PROGRAM = "dockerd"
_ROOT_IN_UID_MAP = re.compile(r"^ *0 +([0-9]+) ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class RunningDockerd:
    """What /proc shows of one dockerd.

    `uid`: its effective user. `root_uid`: the user that is root in its user namespace, as this process numbers users.
    `root`: where this process finds its files, "/" when both see the same. `folder`: its working directory.
    `arguments`: without the program's name. `open_files`: what its descriptors name.
    """

    identity: DockerdIdentity
    uid: int
    root_uid: int
    root: str
    folder: str
    open_files: tuple[str, ...]
    arguments: tuple[str, ...]
    environment: Mapping[str, str]


def identify_dockerd(pid: int, proc: Path = Path("/proc")) -> DockerdIdentity | None:
    """The identity of a process; None: it is no dockerd, or not to be seen. OSError: it could not be read."""
    try:
        # First what tells most processes: it costs a tenth of reading the rest.
        if read_program(f"{proc}/{pid}") != _PROGRAM:
            return None
        # A Path, and a text's decoder, take as long as the kernel.
        with open(f"{proc}/{pid}/stat", "rb", buffering=0) as file:
            started = parse_start(file.read().decode(errors="replace"))
    except OSError as error:
        raise_unless_ended(error)
        return None
    if started is None:
        raise OSError(errno.EIO, "shows no start", f"{proc}/{pid}/stat")
    return DockerdIdentity(pid, started)


def read_dockerd(identity: DockerdIdentity, proc: Path = Path("/proc")) -> RunningDockerd | None:
    """What /proc shows of this dockerd; None: it has ended, or is not to be seen. OSError: it could not be read."""
    process = proc / str(identity.pid)
    try:
        running = RunningDockerd(
            identity,
            _read_uid(process),
            _read_root_uid(process, proc),
            _find_root(process, proc),
            os.readlink(process / "cwd"),
            tuple(_list_open_files(process / "fd")),
            tuple(read_words(process / "cmdline")[1:]),
            dict(word.partition("=")[::2] for word in read_words(process / "environ")),
        )
    except OSError as error:
        raise_unless_ended(error)
        return None
    # What was read in between is of another process when the ID was given to one.
    return running if identify_dockerd(identity.pid, proc) == identity else None


def _read_uid(process: Path) -> int:
    uid = parse_user((process / "status").read_text(errors="replace"), effective=True)
    if uid is None:
        raise OSError(errno.EIO, "shows no user", str(process / "status"))
    return uid


def _read_root_uid(process: Path, proc: Path) -> int:
    """In our own user namespace root is 0; of another one, uid_map shows who is root in our numbers (proc(5))."""
    if os.readlink(process / "ns" / "user") == os.readlink(proc / "self" / "ns" / "user"):
        return 0
    match = _ROOT_IN_UID_MAP.search((process / "uid_map").read_text())
    if match is None:
        raise OSError(errno.EIO, "shows no root", str(process / "uid_map"))
    return int(match[1])


def _find_root(process: Path, proc: Path) -> str:
    same_mounts = os.readlink(process / "ns" / "mnt") == os.readlink(proc / "self" / "ns" / "mnt")
    if same_mounts and os.readlink(process / "root") == os.readlink(proc / "self" / "root"):
        return "/"
    # Listed, because what may not be looked into is not empty.
    os.listdir(process / "root")
    return str(process / "root")


def _list_open_files(folder: Path) -> Iterator[str]:
    for descriptor in os.listdir(folder):
        try:
            yield os.readlink(folder / descriptor)
        except FileNotFoundError:  # closed since
            continue
