"""Cache of links lookups while resolving paths: a later request checks whether the paths lead where they led.

Where a path leads depends on nothing but the links on its way. The times of a folder tell whether an entry came or
went since the walk, so most of them need no check.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from portero.decide.values.dataclass import dataclass
from portero.observe.files.symlinks import CLOSED, MISSING, HostWalk, is_closed

# A folder that changed so recently can change again without other times: a file system can keep two seconds (vfat) or
# one (ext3), of a clock of the kernel's that goes a tick behind.
_SETTLED_NS = 2_100_000_000

# Device, inode and times.
Stamp: TypeAlias = tuple[int, int, int, int]
# A path that was looked up, and what find_link says of it.
_Name: TypeAlias = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class _Folder:
    """The names looked up in a folder. `stamp` None: it had not settled. A closed name can open without its change."""

    path: str
    names: tuple[_Name, ...]
    has_closed: bool
    stamp: Stamp | None

    @classmethod
    def record(cls, walk: HostWalk, path: str, names: Mapping[str, str | None]) -> "_Folder":
        """A folder whose names were looked up."""
        has_closed = CLOSED in names.values()
        return cls(path, tuple(names.items()), has_closed, None if has_closed else find_stamp(walk, path))

    def has_same_links(self, walk: HostWalk) -> bool:
        """Of one with other times: whether each link is as it was. False where it has settled: it is recorded anew."""
        if not self.has_closed and find_stamp(walk, self.path) is not None:
            return False
        return all(walk.find_link(self.path, name) == link for name, link in self.names)


@dataclass(frozen=True, slots=True)
class LinkCache:
    """The links on the ways to some paths, as one walk found them."""

    folders: tuple[_Folder, ...]

    @classmethod
    def record(cls, walk: HostWalk, paths: Iterable[str]) -> "LinkCache":
        """The links that a walk finds now; a closed way is recorded too. Raises OSError where the walk fails."""
        lookups: dict[str, dict[str, str | None]] = {}
        for path in paths:
            for folder, step, link in walk.list_lookups(path):
                lookups.setdefault(folder, {})[step] = link
        return cls(tuple(_Folder.record(walk, folder, names) for folder, names in lookups.items()))

    def still_holds(self, walk: HostWalk) -> bool:
        """Whether this walk finds no other link; False also where it cannot tell soon. Raises OSError."""
        try:
            # Most are as they were, which is compared in line: hardly anything is done as often in a request.
            changed = [
                folder
                for folder in self.folders
                if folder.stamp is None
                or (stat := walk.lstat(folder.path)) is None
                or folder.stamp != (stat.st_dev, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns)
            ]
            return all(folder.has_same_links(walk) for folder in changed)
        except OSError as error:
            if is_closed(error):
                return False
            raise


def find_stamp(walk: HostWalk, folder: str) -> Stamp | None:
    """Tells that no entry of a folder came or went since this walk; None: nothing tells that.

    The folder must have settled when the walk began. Folders that the kernel makes up (proc, sysfs, autofs) have no
    times that tell it: they have no size either, as empty folders of btrfs.
    """
    stat = walk.lstat(folder)
    if stat is None or stat.st_size == 0 or walk.began - max(stat.st_mtime_ns, stat.st_ctime_ns) <= _SETTLED_NS:
        return None
    return (stat.st_dev, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns)


def list_links(walk: HostWalk, path: str) -> list[str]:
    """The links on the way to a path, each in a folder without any: who replaces one chooses what lies behind it."""
    return [step for _, step, link in walk.list_lookups(path) if link not in (None, CLOSED, MISSING)]
