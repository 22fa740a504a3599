"""The host's mounts: what mountinfo.py read in, a MountTable out.

It tells by which other names a path is reached, and what is mounted below it. An overlay, FUSE or network file system
that shows files of the host is a device of its own: the table does not connect the two. OSError: could not be read.
"""

import errno
import os
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice, takewhile
from typing import NamedTuple

from portero.decide.values.path import begin, is_within

# File systems through which the kernel is controlled or shows all processes and devices.
# fmt: off
KERNEL_TYPES = frozenset({
    "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs", "proc",
    "pstore", "securityfs", "selinuxfs", "smackfs", "sysfs", "tracefs",
})
# fmt: on
# Where the host's own stand; a source there is judged by its name.
_KERNEL_POINTS = ("/dev/", "/proc/", "/sys/")
# Whole disks are mounted there beside their folders' usual places (ostree, Timeshift, removable disks): such a name
# says nothing of the folder. A tmpfs there is no disk.
_DISKS_BEGIN = ("/ostree/", "/run/", "/sysroot/")


class Mount(NamedTuple):
    """One mount: the folder `root` of the file system `device` is shown at `point`."""

    id: int
    parent: int
    device: str
    root: str
    point: str
    type: str
    server: int | None = None  # the user whose process answers for a FUSE file system
    nodev: bool = False  # whether devices cannot be opened through it


class Reach(NamedTuple):
    """What a path without links opens beside itself.

    `names`: other names of the place, and where else the host shows what lies in it or is mounted below it.
    `kernel_types`: of the kernel's own file systems at or below it, /dev, /proc and /sys aside. `points`: where
    something is mounted below it.
    """

    names: frozenset[str]
    kernel_types: frozenset[str]
    points: frozenset[str]


_NO_TEXT = frozenset[str]()
_NO_REACH = Reach(_NO_TEXT, _NO_TEXT, _NO_TEXT)


class MountTable:
    """The mounts that paths below one root meet. `mounts` as in mountinfo, points below that root."""

    def __init__(self, mounts: Sequence[Mount]) -> None:
        ids = {mount.id for mount in mounts}
        tops = [mount for mount in mounts if mount.point == "/" and mount.parent not in ids - {mount.id}]
        if not tops:
            raise OSError(errno.EINVAL, "shows no mount at /", "mountinfo")
        self._top = tops[-1]
        self._covers = {(mount.parent, mount.point): mount for mount in mounts if mount is not self._top}
        self._points = frozenset(mount.point for mount in mounts)
        # No mount lies deeper: of a long path the rest need not be looked at.
        self._depth = max(point.count("/") for point in self._points)
        self._all = tuple(mounts)
        # What another mount covers is out of reach.
        self._visible = [*self._list_visible()]
        self._visible_beginnings = [begin(mount.point) for mount in self._visible]
        # Whether a user's process answers for one of them.
        self.has_servers = any(mount.server is not None for mount in self._visible)
        # Those that show files of a device under names that count.
        self._shown: defaultdict[str, list[Mount]] = defaultdict(list)
        for beginning, mount in zip(self._visible_beginnings, self._visible, strict=True):
            if not beginning.startswith(_DISKS_BEGIN) or mount.type in ("ramfs", "tmpfs"):
                self._shown[mount.device].append(mount)

    @cached_property
    def proc_devices(self) -> frozenset[int]:
        return list_proc_devices(self._all)

    def find_mount(self, path: str) -> Mount:
        mount = self._cover(self._top, "/")
        end = depth = 0
        while path != "/" and end >= 0 and depth < self._depth:
            depth += 1
            end = path.find("/", end + 1)
            point = path if end < 0 else path[:end]
            if point in self._points:
                mount = self._cover(mount, point)
        return mount

    def list_names(self, path: str) -> tuple[str, ...]:
        """By which other names the host shows what is at a path without links; sorted."""
        mount = self.find_mount(path)
        if self._is_shown_once(mount):
            return ()
        return tuple(sorted({*self._list_names(*self._locate_inside(mount, path))} - {path}))

    def find_reach(self, path: str) -> Reach:
        """What a path without links opens beside itself."""
        mount, below = self.find_mount(path), self._list_below(path)
        shown = below if begin(mount.point).startswith(_KERNEL_POINTS) else [mount, *below]
        kernel_types = KERNEL_TYPES.intersection(mount.type for mount in shown)
        if not below and self._is_shown_once(mount):
            return Reach(_NO_TEXT, kernel_types, _NO_TEXT) if kernel_types else _NO_REACH
        # What is shown once has one name, and that lies below the path.
        others = (each for each in below if not self._is_shown_once(each))
        places = [self._locate_inside(mount, path), *((each.device, each.root) for each in others)]
        # Also where folders below a place are mounted.
        parts = (each.point for device, inner in places for each in self._shown[device] if is_within(each.root, inner))
        names = {name for place in places for name in self._list_names(*place)}.union(parts)
        reached = frozenset(name for name in names if not is_within(name, path))
        return Reach(reached, kernel_types, frozenset(mount.point for mount in below))

    def rebase(self, root: str) -> "MountTable":
        """The mounts that paths below a folder meet; the folder becomes the root."""
        if root == "/":
            return self
        top = self.find_mount(root)
        inner = _join(top.root, _cut_folder(root, top.point))
        below = (mount for mount in self._all if mount.point != root and is_within(mount.point, root))
        moved = [mount._replace(point=mount.point[len(root) :]) for mount in below]
        return MountTable([top._replace(root=inner, point="/", parent=top.id), *moved])

    def _list_visible(self) -> Iterator[Mount]:
        """What find_mount finds at each point: in the order of the tree each takes one step from the folder above."""
        way = [("/", self._top)]
        for beginning, point in sorted((begin(point), point) for point in self._points):
            while not beginning.startswith(way[-1][0]):
                way.pop()
            mount = self._cover(way[-1][1], point)
            way.append((beginning, mount))
            if mount.point == point:
                yield mount

    def _cover(self, mount: Mount, point: str) -> Mount:
        """The last of the mounts that lie over a point of this mount."""
        while (over := self._covers.get((mount.id, point))) is not None:
            mount = over
        return mount

    def _list_below(self, path: str) -> list[Mount]:
        beginning = begin(path)
        # In the order of the tree what begins alike stands together, the folder itself first.
        first = bisect_right(self._visible_beginnings, beginning)
        inside = takewhile(lambda each: each.startswith(beginning), islice(self._visible_beginnings, first, None))
        return self._visible[first : first + sum(1 for _ in inside)]

    def _is_shown_once(self, mount: Mount) -> bool:
        """Whether nothing of its file system is shown elsewhere, under a name that counts."""
        return self._shown[mount.device] == [mount]

    def _locate_inside(self, mount: Mount, path: str) -> tuple[str, str]:
        return mount.device, _join(mount.root, _cut_folder(path, mount.point))

    def _list_names(self, device: str, inner: str) -> Iterator[str]:
        for mount in self._shown[device]:
            if is_within(inner, mount.root):
                name = _join(mount.point, _cut_folder(inner, mount.root))
                if self.find_mount(name) is mount:
                    yield name


def list_proc_devices(mounts: Iterable[Mount]) -> frozenset[int]:
    """The devices of proc file systems as st_dev has them: that tells their links, whatever is renamed above."""
    devices = (mount.device.split(":") for mount in mounts if mount.type == "proc")
    return frozenset(os.makedev(int(major), int(minor)) for major, minor in devices)


def _cut_folder(path: str, folder: str) -> str:
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
            inner = _join(bound.root, _cut_folder(shown, bound.point))
            mounts.append(Mount(number, parent.id, bound.device, inner, point, bound.type))
        else:
            mounts.append(Mount(number, parent.id, f"0:{number}", "/", point, shown))
    return mounts
