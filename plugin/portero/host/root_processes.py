"""What processes of root execute and map as code: /proc in, paths out. Processes inside containers are left out.

A process that ended is left out, and of one that may not be looked into its command counts. Any other failure is an
OSError.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from portero.dockerd.proc import list_processes, parse_user, parse_words, read_link, read_text
from portero.files.path import clean
from portero.host.listening_sockets import is_contained

# Address, permissions, offset, device, inode, path of what is mapped as code (proc_pid_maps(5)).
_CODE = re.compile(r"^[0-9a-f]+-[0-9a-f]+ ..x\S* \S+ \S+ [0-9]+ +(/.*?)(?: \(deleted\))?$", re.MULTILINE)
_PARENT = re.compile(r"^PPid:\t1$", re.MULTILINE)
_INTERPRETERS = re.compile(r"(?:ba|da|z|k)?sh|python[\d.]*|perl|ruby[\d.]*|node|nodejs|php[\d.]*|java|lua[\d.]*")
# Docker's own client is there for a request alone.
_CLIENT = re.compile(r"/(?:.*/)?docker(?:-compose|-buildx)?")


def list_executed(proc: Path = Path("/proc")) -> frozenset[str]:
    """Absolute paths of programs, libraries and the scripts of daemons. OSError: /proc could not be read."""
    return frozenset(path for pid in list_processes(proc) for path in _list_of_process(proc, pid))


def _list_of_process(proc: Path, pid: str) -> Iterator[str]:
    folder = f"{proc}/{pid}"
    status = read_text(f"{folder}/status")
    if 0 not in (parse_user(status), parse_user(status, effective=True)) or is_contained(proc, pid):
        return
    program, *words = parse_words(read_text(f"{folder}/cmdline")) or [""]
    # Without CAP_SYS_PTRACE a process with more capabilities than this one shows no more than its command.
    program = read_link(f"{folder}/exe").removesuffix(" (deleted)") or program
    if _CLIENT.fullmatch(program):
        return
    paths = {program, *_CODE.findall(read_text(f"{folder}/maps"))}
    yield from (path for path in paths if path.startswith("/") and not path.startswith("/memfd:"))
    # A script that is a child of process 1 is a daemon, and not one that calls docker.
    is_daemon = _PARENT.search(status) and _INTERPRETERS.fullmatch(PurePosixPath(program).name)
    if is_daemon and (script := next((word for word in words if not word.startswith("-")), "")):
        yield clean(os.path.join(read_link(f"{folder}/cwd") or "/", script))
