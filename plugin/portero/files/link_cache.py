"""What walks to some paths met, kept for the walks of later requests: these tell whether the paths still lead there.

Where a path leads depends on nothing but the links on its way. A folder tells by its times whether an entry came or
went since they were looked at, so that most of them need no look of their own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from portero.files.symlinks import NO_WAY, NOTHING, HostWalk, is_closed

# A folder that changed so recently can change again without other times: a file system can keep two seconds (vfat) or
# one (ext3), of a clock of the kernel's that goes a tick behind.
_SETTLED_NS = 2_100_000_000

# Device, inode and times.
Stamp: TypeAlias = tuple[int, int, int, int]
# A path that was looked up, and what find_link says of it.
_Name: TypeAlias = tuple[str, str | None]


class _Changed(Exception):
    """A link is not what it was."""


@dataclass(frozen=True, slots=True)
class _Folder:
    """What was looked up in a folder. `stamp` None: only a look at each name tells whether it is as it was."""

    path: str
    names: tuple[_Name, ...]
    stamp: Stamp | None

    @classmethod
    def note(cls, walk: HostWalk, path: str, names: tuple[_Name, ...]) -> "_Folder":
        """A folder whose names were looked up. What is closed to this process can open without a trace in it."""
        closed = any(link == NO_WAY for _, link in names)
        return cls(path, names, None if closed else find_stamp(walk, path))

    def look_again(self, walk: HostWalk) -> "_Folder":
        """The folder as this walk finds it, each name looked at; raises _Changed."""
        if any(walk.find_link(self.path, name) != link for name, link in self.names):
            raise _Changed
        again = _Folder.note(walk, self.path, self.names)
        return self if again == self else again


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways to some paths, as one walk found them."""

    folders: tuple[_Folder, ...]

    @classmethod
    def note(cls, walk: HostWalk, paths: Iterable[str]) -> "Ways":
        """Those that a walk finds now. Raises OSError where it fails; where a way is closed is noted too."""
        met: dict[str, dict[str, str | None]] = {}
        for path in paths:
            for folder, step, link in walk.list_looked_up(path):
                met.setdefault(folder, {})[step] = link
        return cls(tuple(_Folder.note(walk, folder, tuple(names.items())) for folder, names in met.items()))

    def take_again(self, walk: HostWalk) -> "Ways | None":
        """The ways as this walk finds them, where each link is what it was; None: one is not. Raises OSError."""
        look = walk.look
        try:
            # The stamp is made in line: hardly anything is done as often in a request.
            changed = [
                folder
                for folder in self.folders
                if folder.stamp is None
                or (found := look(folder.path)) is None
                or folder.stamp != (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns)
            ]
            if not changed:
                return self
            again = {folder.path: folder.look_again(walk) for folder in changed}
        except _Changed:
            return None
        except OSError as error:
            if is_closed(error):
                return None
            raise
        if all(again[folder.path] is folder for folder in changed):
            return self
        return Ways(tuple(again.get(folder.path, folder) for folder in self.folders))


def find_stamp(walk: HostWalk, folder: str) -> Stamp | None:
    """What tells of a folder that nothing in it came or went since this walk; None: nothing does.

    It must have settled when the walk began, and folders that the kernel makes up (proc, sysfs, autofs) have no times
    that tell anything: they have no size either.
    """
    found = walk.look(folder)
    if found is None or found.st_size == 0:
        return None
    if walk.began - max(found.st_mtime_ns, found.st_ctime_ns) <= _SETTLED_NS:
        return None
    return (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns)


def list_links(walk: HostWalk, path: str) -> list[str]:
    """The links on the way to a path, each in a folder without any: who replaces one chooses what lies behind it."""
    return [step for _, step, link in walk.list_looked_up(path) if link not in (None, NO_WAY, NOTHING)]
