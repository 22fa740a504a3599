"""Reads the host's mounts: /proc/PID/mountinfo in (proc_pid_mountinfo(5)), a MountTable out.

It is read in each request. The kernel tells of mounts that come and go (poll(2) on the file), but not of a rename
above a mount, which moves it: an account that may rename such a folder would choose what the table says. OSError:
could not be read.
"""

import errno
import os
import re
import threading
from collections.abc import Mapping
from types import MappingProxyType

from portero.host.mount_table import Mount, MountTable

# A separator and white space in a path are written in octal (fs/proc_namespace.c, mangle).
_OCTAL = re.compile(rb"\\([0-7]{3})")


class MountReader:
    """Reads a mountinfo file; each reading is parsed once. Points are below `root`, or are left out."""

    def __init__(self, path: str = "/proc/self/mountinfo", root: str = "/") -> None:
        self._path = path
        self._root = root.rstrip("/") or "/"
        self._lock = threading.Lock()
        self._kept: tuple[bytes, MountTable] | None = None
        # The lines of that reading: most of hundreds are the same when a container comes or goes.
        self._lines: dict[bytes, Mount] = {}

    def read(self) -> MountTable:
        """The mounts of this moment."""
        with open(self._path, "rb", buffering=0) as file:
            data = file.read()
        with self._lock:
            if self._kept is None or self._kept[0] != data:
                self._lines = parse_mounts(data, self._lines)
                self._kept = data, MountTable([*self._lines.values()]).rebase(self._root)
            return self._kept[1]


def parse_mounts(data: bytes, known: Mapping[bytes, Mount] = MappingProxyType({})) -> dict[bytes, Mount]:
    """The lines of mountinfo, which are never alike; `known`: lines that were parsed before.

    OSError: a line does not read as the kernel writes it.
    """
    return {line: known.get(line) or _parse_line(line) for line in data.splitlines()}


def _parse_line(line: bytes) -> Mount:
    front, _, back = line.partition(b" - ")
    try:
        id, parent, device, root, point = front.split(b" ")[:5]
        type, _, options = back.split(b" ", 2)
        server = re.search(rb"(?:^|,)user_id=([0-9]+)", options) if type.startswith(b"fuse") else None
        return Mount(
            int(id),
            int(parent),
            device.decode(),
            _unescape(root),
            _unescape(point),
            type.decode(),
            None if server is None else int(server[1]),
        )
    except ValueError as error:
        raise OSError(errno.EINVAL, "line of another form", "mountinfo") from error


def _unescape(path: bytes) -> str:
    return os.fsdecode(_OCTAL.sub(lambda match: bytes([int(match[1], 8)]), path))
