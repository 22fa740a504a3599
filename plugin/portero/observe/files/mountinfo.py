"""Reads the host's mounts: /proc/PID/mountinfo in (proc_pid_mountinfo(5)), a MountTable out.

It is read in each request. The kernel tells of mounts that come and go (poll(2) on the file), but not of a rename
above a mount, which moves it: an account that may rename such a folder would choose what the table says. OSError:
could not be read.

With --copy-up=/etc rootlesskit moves /etc to /etc/.roN, N a number, and mounts a tmpfs of links to it over /etc
(rootlesskit pkg/copyup/tmpfssymlink). What dockerd opens as /etc/.roN/x is the host's /etc/x.
"""

import errno
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from portero.decide.values.path import is_within
from portero.observe.files.mount_table import Mount, MountTable, list_proc_devices

# A separator and white space in a path are written in octal (fs/proc_namespace.c, mangle).
_OCTAL = re.compile(r"\\([0-7]{3})")
# Of a FUSE file system: the user whose process answers for it.
_SERVER = re.compile(r"(?:^|,)user_id=([0-9]+)")
# What dockerd-rootless.sh has copied up.
_COPY = re.compile(r"(?P<copy>(?P<folder>/etc|/run)/\.ro[0-9]+)(?P<rest>/.*|)")


class MountReader:
    """Reads mountinfo files; the last text is cached with its table. Points are below `root`, or are left out."""

    def __init__(self, path: str = "/proc/self/mountinfo", root: str = "/") -> None:
        self._path = path
        self._root = root.rstrip("/") or "/"
        # One attribute, so that threads never see the text of one reading beside the table of another.
        self._cached: tuple[bytes, MountTable] | None = None

    def read(self, path: str | None = None) -> MountTable:
        """The mounts of this moment; `path`: of another file."""
        with open(path or self._path, "rb", buffering=0) as file:
            data = file.read()
        cached = self._cached
        if cached is None or cached[0] != data:
            self._cached = cached = data, MountTable(parse_mounts(data)).rebase(self._root)
        return cached[1]


def read_proc_devices(root: str) -> frozenset[int]:
    """The proc file systems (st_dev) where the process of this root sees them ("/proc/PID/root"), or else we do."""
    process = root.removesuffix("/root") if root.startswith("/proc/") else "/proc/self"
    try:
        return list_proc_devices(parse_mounts(Path(process, "mountinfo").read_bytes()))
    except FileNotFoundError as error:
        # Who walks would take this for a path at which nothing is.
        raise OSError(errno.EIO, "mounts could not be read", process) from error


def parse_mounts(data: bytes) -> list[Mount]:
    """The mounts in a mountinfo file. OSError: a line does not read as the kernel writes it."""
    # Of what ends a line elsewhere the kernel escapes only the line feed.
    lines = os.fsdecode(data).removesuffix("\n").split("\n") if data else ()
    return [*map(_parse_line, lines)]


def _parse_line(line: str) -> Mount:
    front, _, back = line.partition(" - ")
    try:
        id, parent, device, root, point, flags = front.split(" ", 6)[:6]
        type, _, options = back.split(" ", 2)
        server = _SERVER.search(options) if type.startswith("fuse") else None
        user = None if server is None else int(server[1])
        nodev = "nodev" in flags.split(",")
        return Mount(int(id), int(parent), device, unescape(root), unescape(point), type, user, nodev)
    except ValueError as error:
        raise OSError(errno.EINVAL, "line of another form", "mountinfo") from error


def unescape(path: str) -> str:
    """A path as the kernel writes it in a line (seq_file.c, mangle_path)."""
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), path) if "\\" in path else path


def find_name_on_host(path: str, read_mounts: Callable[[], MountTable]) -> str:
    """The name of a path without links; the path itself where it lies in no copy. Raises OSError of reading mounts."""
    match = _COPY.fullmatch(path)
    if match is None:
        return path
    mounts = read_mounts()
    over, copy = mounts.find_mount(match["folder"]), mounts.find_mount(path)
    moved = copy.point == match["copy"] and copy.parent == over.id
    if moved and over.point == match["folder"] and over.type == "tmpfs":
        return f"{match['folder']}{match['rest']}"
    return path


def drop_copies(path: str, names: Iterable[str], mounts: MountTable) -> Iterator[str]:
    """Other names of a path and of what lies below it, without those that are its own in a copy.

    dockerd-rootless.sh binds /etc/.roN/ssl over /etc/ssl.
    """
    for name in names:
        on_host = find_name_on_host(name, lambda: mounts)
        if on_host == name or not is_within(on_host, path):
            yield name
