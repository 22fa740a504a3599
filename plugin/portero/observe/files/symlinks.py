"""Follows links below a root as the kernel would (path_resolution(7)), at one moment: each entry is looked at once.

A path of the host in; out come the path without links, the kind of what is there and the folders on the way. OSError:
could not be read.

No link of a proc file system is followed, wherever that is mounted: the kernel jumps through root, cwd, exe, fd and
map_files into another process's files (proc_pid_root(5)), whatever their text says, and self differs by reader.
"""

import errno
import os
import stat
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Set
from functools import cache, partial
from typing import NamedTuple, TypeAlias

from portero.decide.values.path import Kind
from portero.observe.files.mountinfo import read_proc_devices

# The kernel follows no more links than this in one path (MAXSYMLINKS, include/linux/namei.h).
MAX_LINKS = 40
_MAX_LOOKUPS = 4096  # longer ways are made to hold others up
_KINDS: Mapping[int, Kind] = {
    stat.S_IFDIR: "directory",
    stat.S_IFREG: "file",
    stat.S_IFSOCK: "socket",
    stat.S_IFBLK: "device",
    stat.S_IFCHR: "device",
}
# The bits of a mode that tell the kind (inode(7)).
_KIND = 0o170000
_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR})
# The kernel does not walk such a path for this process, now or later; other errors are failures of the moment.
_CLOSED = frozenset({errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENAMETOOLONG})

# In place of a link's target, where the way to it is closed and where nothing is; neither can be one.
CLOSED = ""
MISSING = "\0"
# Far below PATH_MAX (4096 bytes), with any root before it and however many bytes a letter takes.
_SHORT = 512

# A folder, whose own path has no links ("" is the root), and the path that a walk looks up in it.
_Lookup: TypeAlias = tuple[str, str]


class _Walked(NamedTuple):
    """Where a walk ended, how many links it followed and what it lookups."""

    end: str
    links: int
    lookups: tuple[_Lookup, ...]


_START = _Walked("", 0, ())


class WalkStep(NamedTuple):
    """A name that a walk looks up in a folder, whose own path has no links; None: nothing is there."""

    folder: str
    path: str
    folder_stat: os.stat_result | None
    stat: os.stat_result | None


class HostWalk:
    """One moment of the files below `root`, in which links stay as in a chroot; for one request, then dropped.

    `began`: when, in nanoseconds since 1970. `find_proc_devices`: the devices whose links are not followed (st_dev);
    None: the proc file systems that are mounted now. Raises OSError where the root is that of a process and cannot be
    opened.
    """

    def __init__(self, root: str, find_proc_devices: Callable[[], Set[int]] | None = None) -> None:
        self.began = time.time_ns()
        self._root = root.rstrip("/")
        # What stands before a path of the host, and how it is looked at from there.
        self._start = self._root
        self._os_lstat: Callable[[str], os.stat_result] = os.lstat
        self._readlink: Callable[[str], str] = os.readlink
        self._find_proc_devices = find_proc_devices or cache(partial(read_proc_devices, self._root))
        if self._root.startswith("/proc/"):
            # The way to the root of a process costs more than the rest of a look, so it is gone once.
            self._start = "."
            folder = os.open(self._root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            weakref.finalize(self, os.close, folder)
            self._os_lstat = partial(os.lstat, dir_fd=folder)
            self._readlink = partial(os.readlink, dir_fd=folder)
        self._links: dict[str, str | None] = {}
        self._stats: dict[str, os.stat_result | None] = {}
        # Many paths share the way to their folder.
        self._walked: dict[str, _Walked] = {}

    def local_path(self, path: str) -> str:
        """Where this process opens a path of the host, links not followed."""
        return f"{self._root}/{path.lstrip('/')}"

    def find_entry(self, path: str) -> tuple[str | None, Kind]:
        """The path after links and the kind of what is there; (None, unknown) where the way is closed to this process.

        The kernel may get further: it goes from one link to the next, and takes a place whose whole path is too long
        to name. Raises OSError for any other failure.
        """
        try:
            resolved = self.resolve(path)
            return resolved, self._find_kind(resolved)
        except OSError as error:
            if not is_closed(error):
                raise
            return None, "unknown"

    def resolve_or_keep(self, path: str) -> str:
        """The path after links; the path itself where the way is closed. Raises OSError for any other failure."""
        try:
            return self.resolve(path)
        except OSError as error:
            if not is_closed(error):
                raise
            return path

    def resolve(self, path: str) -> str:
        """The path after links, followed component by component below the root; OSError as the kernel has it."""
        return self._follow(path).end or "/"

    def list_steps(self, path: str) -> list[WalkStep]:
        """Each name that the kernel looks up on the way to a path, links followed. OSError as `resolve` has it."""
        self.lstat("")
        stats = self._stats
        return [
            WalkStep(folder or "/", step, stats[folder], stats[step]) for folder, step in self._follow(path).lookups
        ]

    def list_folders(self, path: str) -> list[str]:
        """The folders in which it looks them up, a folder as often as it is passed."""
        return [folder or "/" for folder, _ in self._follow(path).lookups]

    def count_looks(self, path: str) -> int:
        """How many names were looked up on the way to a path; those that it has where it was not walked to its end."""
        return len(walked.lookups) if (walked := self._walked.get(path)) else path.count("/")

    def list_lookups(self, path: str) -> Iterator[tuple[str, str, str | None]]:
        """Each folder, path and link (as find_link) on the way to a path, as far as it is open."""
        lookups: list[_Lookup] = []
        try:
            self._walk(_START, path.split("/"), lookups)
        except OSError as error:
            if not is_closed(error):
                raise
        for folder, step in lookups:
            link = self.find_link(folder, step)
            # Below nothing there is nothing, as long as there is nothing.
            if link != MISSING or not self._is_absent(folder):
                yield folder, step, link

    def find_link(self, folder: str, path: str) -> str | None:
        """The target of the link at a path in a folder, whose own path has no links; None: it is no link.

        MISSING: nothing is there. CLOSED: the way is closed to this process.
        """
        try:
            link = self._links[path] if path in self._links else self._read_link(folder, path)
        except OSError as error:
            if not is_closed(error):
                raise
            return CLOSED
        return MISSING if self._stats[path] is None else link

    def _follow(self, path: str) -> _Walked:
        walked = self._walked.get(path)
        if walked is None:
            folder, _, name = path.rpartition("/")
            above = self._walked.get(folder)
            if above is None:
                self._walked[folder] = above = self._walk(_START, folder.split("/"), [])
            self._walked[path] = walked = self._walk(above, [name], list(above.lookups))
        return walked

    def _walk(self, start: _Walked, parts: list[str], lookups: list[_Lookup]) -> _Walked:
        """On from where a walk ended, through more parts. `lookups` gets what is looked up, before it fails too."""
        links_read = self._links
        done, links, _ = start
        waiting = parts[::-1]
        while waiting:
            part = waiting.pop()
            if part in ("", ".", ".."):
                done = done.rpartition("/")[0] if part == ".." else done
                continue
            step = f"{done}/{part}"
            lookups.append((done, step))
            link = links_read[step] if step in links_read else self._read_link(done, step)
            if link is None:
                done = step
                continue
            links += 1
            if links > MAX_LINKS or len(lookups) > _MAX_LOOKUPS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            done = "" if link.startswith("/") else done
            waiting += link.split("/")[::-1]
        return _Walked(done, links, tuple(lookups))

    def is_socket(self, path: str) -> bool:
        """Whether a path in a folder whose own path has no links leads to a socket. OSError: it cannot be seen."""
        entry = self.lstat(path)
        if entry is None:
            return False
        return stat.S_ISSOCK(entry.st_mode) or (stat.S_ISLNK(entry.st_mode) and self.find_entry(path)[1] == "socket")

    def _read_link(self, folder: str, path: str) -> str | None:
        """The target of a path in a folder, whose own path has no links; None: no link, or nothing there."""
        link = None
        # Below nothing there is nothing. But the kernel has an error of its own for paths that are too long.
        if self._is_absent(folder) and len(path) < _SHORT:
            self._stats[path] = None
        else:
            entry = self.lstat(path)
            if entry is not None and entry.st_mode & _KIND == stat.S_IFLNK:
                if entry.st_dev in self._find_proc_devices():
                    raise PermissionError(errno.EACCES, "a link of procfs leads where its text does not say", path)
                link = self._readlink(self._start + path)
        self._links[path] = link
        return link

    def lstat(self, path: str) -> os.stat_result | None:
        """What lies at a path whose folder has no links, itself not followed; None: nothing."""
        path = "" if path == "/" else path
        if path in self._stats:
            return self._stats[path]
        try:
            # A link that came up since its folder was resolved must not lead out of the root.
            entry = self._os_lstat(self._start + (path or "/"))
        except OSError as error:
            if error.errno not in _ABSENT:
                raise
            entry = None
        self._stats[path] = entry
        return entry

    def _is_absent(self, folder: str) -> bool:
        return folder in self._stats and self._stats[folder] is None

    def _find_kind(self, resolved: str) -> Kind:
        entry = self.lstat(resolved)
        return "missing" if entry is None else _KINDS.get(stat.S_IFMT(entry.st_mode), "unknown")


def is_closed(error: OSError) -> bool:
    """Whether the kernel does not walk a path for this process, now or later; other errors are of the moment."""
    return error.errno in _CLOSED
