"""The host's mounts: /proc/PID/mountinfo in (proc_pid_mountinfo(5)), a MountTable out.

It tells by which other names a path is reached, and what is mounted below it. An overlay, FUSE or network file system
that shows files of the host is a device of its own: the table does not connect the two. OSError: could not be read.
"""

import errno
import os
import re
import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from operator import attrgetter

from portero.host.path import is_within

# File systems through which the kernel is controlled or shows all processes and devices.
# fmt: off
KERNEL_TYPES = frozenset({
    "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs", "proc",
    "pstore", "securityfs", "selinuxfs", "smackfs", "sysfs", "tracefs",
})
# fmt: on
# Where the host's own stand; a source there is judged by its name.
_KERNEL_POINTS = ("/dev", "/proc", "/sys")
# Whole disks are mounted there beside their folders' usual places (ostree, Timeshift, removable disks): such a name
# says nothing of the folder. A tmpfs there is no disk.
_DISK_POINTS = ("/ostree", "/run", "/sysroot")
_MEMORY_TYPES = frozenset({"ramfs", "tmpfs"})

# A separator and white space in a path are written in octal (fs/proc_namespace.c, mangle).
_OCTAL = re.compile(rb"\\([0-7]{3})")


_POINT = attrgetter("point")


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount: the folder `root` of the file system `device` is shown at `point`."""

    id: int
    parent: int
    device: str
    root: str
    point: str
    type: str
    server: int | None = None  # the user whose process answers for a FUSE file system


class MountTable:
    """The mounts that paths below one root meet. `mounts` as in mountinfo, points below that root."""

    def __init__(self, mounts: Sequence[Mount]) -> None:
        known = {mount.id for mount in mounts}
        tops = [mount for mount in mounts if mount.point == "/" and mount.parent not in known - {mount.id}]
        if not tops:
            raise OSError(errno.EINVAL, "shows no mount at /", "mountinfo")
        self._top = tops[-1]
        self._covers = {(mount.parent, mount.point): mount for mount in mounts if mount is not self._top}
        self._points = frozenset(mount.point for mount in mounts)
        self._all = tuple(mounts)
        # What another mount covers is out of reach.
        visible = [mount for mount in mounts if self.find_mount(mount.point) is mount]
        self._visible = sorted(visible, key=_POINT)
        # Those that show files of a device under names that count.
        self._shown: defaultdict[str, list[Mount]] = defaultdict(list)
        for mount in self._visible:
            if mount.type in _MEMORY_TYPES or not any(is_within(mount.point, disks) for disks in _DISK_POINTS):
                self._shown[mount.device].append(mount)

    def find_mount(self, path: str) -> Mount:
        """The mount that shows a path without links."""
        mount = self._cover(self._top, "/")
        end = 0
        while path != "/" and end >= 0:
            end = path.find("/", end + 1)
            point = path if end < 0 else path[:end]
            if point in self._points:
                mount = self._cover(mount, point)
        return mount

    def list_kernel_types(self, path: str) -> frozenset[str]:
        """The types of the kernel's own file systems at or below a path, /dev, /proc and /sys aside."""
        mount = self.find_mount(path)
        usual = any(is_within(mount.point, point) for point in _KERNEL_POINTS)
        shown = self._list_below(path) if usual else (mount, *self._list_below(path))
        return frozenset(mount.type for mount in shown) & KERNEL_TYPES

    def list_points_below(self, path: str) -> frozenset[str]:
        """Where something is mounted below a path without links."""
        return frozenset(mount.point for mount in self._list_below(path))

    def list_names(self, path: str) -> frozenset[str]:
        """By which other names the host shows what is at a path without links."""
        mount = self.find_mount(path)
        if self._shown[mount.device] == [mount]:
            return frozenset()
        return frozenset(self._list_names(*self._find_place(path))) - {path}

    def list_reached(self, path: str) -> frozenset[str]:
        """The same, and where else the host shows what lies in a folder or is mounted below it."""
        places = [self._find_place(path), *((below.device, below.root) for below in self._list_below(path))]
        names = {name for place in places for name in (*self._list_names(*place), *self._list_parts(*place))}
        return frozenset(name for name in names if not is_within(name, path))

    def rebase(self, root: str) -> "MountTable":
        """The mounts that paths below a folder meet; the folder becomes the root."""
        if root == "/":
            return self
        top = self.find_mount(root)
        inner = _join(top.root, _relative(root, top.point))
        below = (mount for mount in self._all if mount.point != root and is_within(mount.point, root))
        moved = [replace(mount, point=mount.point[len(root) :]) for mount in below]
        return MountTable([replace(top, root=inner, point="/", parent=top.id), *moved])

    def _cover(self, mount: Mount, point: str) -> Mount:
        """The last of the mounts that lie over a point of this mount."""
        while (over := self._covers.get((mount.id, point))) is not None:
            mount = over
        return mount

    def _list_below(self, path: str) -> list[Mount]:
        beginning = path.rstrip("/") + "/"
        found = []
        # In order, what begins alike stands together.
        for mount in islice(self._visible, bisect_left(self._visible, beginning, key=_POINT), None):
            if not mount.point.startswith(beginning):
                break
            if mount.point != path:
                found.append(mount)
        return found

    def _find_place(self, path: str) -> tuple[str, str]:
        """The file system and the path in it."""
        mount = self.find_mount(path)
        return mount.device, _join(mount.root, _relative(path, mount.point))

    def _list_names(self, device: str, inner: str) -> Iterator[str]:
        for mount in self._shown[device]:
            if is_within(inner, mount.root):
                name = _join(mount.point, _relative(inner, mount.root))
                if self.find_mount(name) is mount:
                    yield name

    def _list_parts(self, device: str, inner: str) -> Iterator[str]:
        """Where folders below a place are mounted."""
        return (mount.point for mount in self._shown[device] if is_within(mount.root, inner))


class MountReader:
    """Reads a mountinfo file; each reading is parsed once. Points are below `root`, or are left out."""

    def __init__(self, path: str = "/proc/self/mountinfo", root: str = "/") -> None:
        self._path = path
        self._root = root.rstrip("/") or "/"
        self._lock = threading.Lock()
        self._kept: tuple[bytes, MountTable] | None = None

    def read(self) -> MountTable:
        """The mounts of this moment."""
        with open(self._path, "rb", buffering=0) as file:
            data = file.read()
        with self._lock:
            if self._kept is None or self._kept[0] != data:
                self._kept = data, MountTable(parse_mounts(data)).rebase(self._root)
            return self._kept[1]


def parse_mounts(data: bytes) -> list[Mount]:
    """The lines of mountinfo. OSError: a line does not read as the kernel writes it."""
    return [_parse_line(line) for line in data.splitlines()]


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


def _relative(path: str, folder: str) -> str:
    """The rest of a path in a folder: "" or "/..."."""
    return path.removeprefix("/" if folder == "/" else folder).strip("/")


def _join(folder: str, rest: str) -> str:
    return f"{folder.rstrip('/')}/{rest}" if rest else folder


def list_mounts(points: Iterable[tuple[str, str]]) -> list[Mount]:
    """Mounts of plain data, for examples and tests: (point, what is there), a type or the path that is bound."""
    mounts = [Mount(1, 0, "8:1", "/", "/", "ext4")]
    for number, (point, shown) in enumerate(points, 2):
        parent = MountTable(mounts).find_mount(point)
        if shown.startswith("/"):
            bound = MountTable(mounts).find_mount(shown)
            inner = _join(bound.root, _relative(shown, bound.point))
            mounts.append(Mount(number, parent.id, bound.device, inner, point, bound.type))
        else:
            mounts.append(Mount(number, parent.id, f"0:{number}", "/", point, shown))
    return mounts
