"""The programs of root that a mount could change: a root of files in, RootPrograms out.

What processes of root execute and map as code now, and what the host's settings tell root to execute
(root_commands.py), as far as it lies outside the sensitive paths, which no container gets. A process inside a container
or one that ended is left out, and of one that may not be looked into its command counts. Any other failure is an
OSError.

Who reads a swap file reads the memory of all processes, and who writes the file behind a loop device writes that disk:
each is also shown by the name of what the kernel makes of it, which no container gets. Devices of device-mapper and md
lie on others, loop devices among them.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from portero.decide.facts.sensitive_paths import SENSITIVE
from portero.decide.values.dataclass import dataclass
from portero.decide.values.path import clean
from portero.decide.values.spelling import make_printable
from portero.observe.dockerd.proc import REPLACED, list_processes, parse_arguments, parse_user, read_link, read_text
from portero.observe.files.link_cache import list_links
from portero.observe.files.mountinfo import unescape
from portero.observe.files.symlinks import HostWalk
from portero.observe.host import file_patterns
from portero.observe.host.homes import Link
from portero.observe.host.protected_paths import ProtectedPaths
from portero.observe.host.root_commands import read_root_commands
from portero.observe.host.sockets import is_contained

_SENSITIVE = ProtectedPaths({path: path for path in SENSITIVE}, inside=True)
_EXECUTABLE = 0o111
# Address, permissions, offset, device, inode, path of what is mapped as code (proc_pid_maps(5)).
_CODE = re.compile(r"^[0-9a-f]+-[0-9a-f]+ ..x\S* \S+ \S+ [0-9]+ +(/.*?)(?: \(deleted\))?$", re.MULTILINE)
_PARENT = re.compile(r"^PPid:\t1$", re.MULTILINE)
_INTERPRETERS = re.compile(r"(?:ba|da|z|k)?sh|python[\d.]*|perl|ruby[\d.]*|node|nodejs|php[\d.]*|java|lua[\d.]*")
# They execute what lies in the folders of their command lines: runsvdir(8), svscan(8), s6-svscan.
_SUPERVISORS = re.compile(r"runsvdir|(?:s6-)?svscan")
# What a GitHub Actions runner executes lies around its bin.
_RUNNER = re.compile(r"/.+/bin/Runner\.(?:Listener|Worker)")
# Docker's own client is there for a request alone.
_CLIENT = re.compile(r"/(?:.*/)?docker(?:-compose|-buildx)?")
# Where the kernel names them, and where in the text. Linux mm/swapfile.c, drivers/block/loop.c,
# drivers/md/md-bitmap.c, drivers/nvme/target/configfs.c, drivers/target/target_core_file.c,
# drivers/usb/gadget/function/f_mass_storage.c.
_WHOLE = re.compile(r"\A(/.*?)(?: \(deleted\))?\n?\Z", re.DOTALL)
_NAMED = (
    ("/proc/swaps", re.compile(r"^(/\S+?)(?:\\040\(deleted\))?\s+file\b", re.MULTILINE)),
    ("/proc/mdstat", re.compile(r"\bfile: (/\S+)")),
    ("/sys/block/*/loop/backing_file", _WHOLE),
    ("/sys/kernel/config/nvmet/subsystems/*/namespaces/*/device_path", _WHOLE),
    ("/sys/kernel/config/target/core/fileio_*/*/udev_path", _WHOLE),
    ("/sys/kernel/config/usb_gadget/*/functions/mass_storage.*/lun.*/file", _WHOLE),
)


@dataclass(frozen=True, slots=True)
class RootPrograms:
    """`files`: programs, libraries, scripts, and the links to them; `folders`: with all below them.

    `of_kernel`: links to what the kernel uses as memory or as disks.
    """

    files: ProtectedPaths
    folders: ProtectedPaths
    of_kernel: tuple[Link, ...] = ()

    def list_opened(self, *paths: str) -> tuple[str, ...]:
        """Those that one of these paths holds, is, or lies in; sorted."""
        return (*self.files.list_opened(*paths), *self.folders.list_opened(*paths))


NO_PROGRAMS = RootPrograms(ProtectedPaths({}), ProtectedPaths({}))


def read_root_programs(root: str, proc: Path = Path("/proc")) -> RootPrograms:
    """The programs of this moment. OSError: they could not be read, or not all of them."""
    walk = HostWalk(root)
    commands = read_root_commands(walk)
    executed = list_executed(proc)
    commands.folders.update(path for path, is_folder in executed if is_folder)
    paths = {*commands.certain, *(path for path, is_folder in executed if not is_folder)}
    paths.update(path for path in commands.scripts if _is_file(walk, path))
    paths.update(path for path in commands.possible if _is_file(walk, path, _EXECUTABLE))
    files, folders = _follow(walk, paths), _follow(walk, commands.folders)
    return RootPrograms(ProtectedPaths(files), ProtectedPaths(folders, inside=True), read_kernel_files(walk))


def _follow(walk: HostWalk, paths: Iterable[str]) -> dict[str, str]:
    """Each path with where it leads, and the links on its way; without what is sensitive by both names."""
    reals = {}
    for path in map(clean, paths):
        ways = [(path, walk.resolve_or_keep(path)), *((link, link) for link in list_links(walk, path))]
        for name, real in ways:
            if not (_SENSITIVE.surrounds(name) and _SENSITIVE.surrounds(real)):
                # No request can name what is not printable, but folders above it.
                reals[make_printable(name)] = make_printable(real)
    return reals


def _is_file(walk: HostWalk, path: str, modes: int = 0) -> bool:
    """Whether a regular file is there, and has one of these modes."""
    real, kind = walk.find_entry(path)
    entry = walk.lstat(real) if kind == "file" and real is not None else None
    return entry is not None and (not modes or bool(entry.st_mode & modes))


def list_executed(proc: Path = Path("/proc")) -> frozenset[tuple[str, bool]]:
    """Absolute paths of programs, libraries and the scripts of daemons, and whether each is a folder of such.

    OSError: /proc could not be read.
    """
    return frozenset(executed for pid in list_processes(proc) for executed in _list_of_process(proc, pid))


def _list_of_process(proc: Path, pid: str) -> Iterator[tuple[str, bool]]:
    folder = f"{proc}/{pid}"
    status = read_text(f"{folder}/status")
    if 0 not in (parse_user(status), parse_user(status, effective=True)) or is_contained(proc, pid):
        return
    program, *words = parse_arguments(read_text(f"{folder}/cmdline")) or [""]
    # Without CAP_SYS_PTRACE a process with more capabilities than this one shows no more than its command.
    program = read_link(f"{folder}/exe").removesuffix(REPLACED) or program
    if _CLIENT.fullmatch(program):
        return
    paths = {program, *_CODE.findall(read_text(f"{folder}/maps"))}
    yield from ((path, False) for path in paths if path.startswith("/") and not path.startswith("/memfd:"))
    name = PurePosixPath(program).name
    if _SUPERVISORS.fullmatch(name):
        yield from ((word, True) for word in words if word.startswith("/"))
    elif _RUNNER.fullmatch(program):
        yield str(PurePosixPath(program).parents[1]), True
    # A script that is a child of process 1 is a daemon, and not one that calls docker.
    is_daemon = _PARENT.search(status) and _INTERPRETERS.fullmatch(name)
    if is_daemon and (script := next((word for word in words if not word.startswith("-")), "")):
        yield clean(os.path.join(read_link(f"{folder}/cwd") or "/", script)), False


def read_kernel_files(walk: HostWalk) -> tuple[Link, ...]:
    """Where the kernel names each, and the path of the file after links."""
    return tuple(
        (name, walk.resolve_or_keep(clean(path if shape is _WHOLE else unescape(path))))
        for pattern, shape in _NAMED
        for name in file_patterns.list_paths(walk, pattern)
        for path in shape.findall(file_patterns.read_text(walk, name))
    )
