"""Follows links below a root as the kernel would (path_resolution(7)), at one moment: each link is read once.

A path of the host comes in, the path without links and the kind of what lies there come out. Nothing is refused.
"""

import errno
import os
import stat
from collections.abc import Mapping

from portero.host.view import MAX_LINKS, Kind

_KINDS: Mapping[int, Kind] = {
    stat.S_IFDIR: "directory",
    stat.S_IFREG: "file",
    stat.S_IFSOCK: "socket",
    stat.S_IFBLK: "device",
    stat.S_IFCHR: "device",
}
_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR})
_NO_LINK = errno.EINVAL

# Far below PATH_MAX (4096 bytes), with any root before it and however many bytes a letter takes.
_SHORT = 512


class HostWalk:
    """One moment of the files below `root`, in which links stay as in a chroot; for one request, then dropped."""

    def __init__(self, root: str) -> None:
        self._root = root.rstrip("/")
        self._links: dict[str, str | None] = {}
        self._missing: set[str] = set()
        # Where a walk to each folder ended and how many links it met: many paths share the way to their folder.
        self._folders: dict[str, tuple[str, int]] = {}

    def file(self, path: str) -> str:
        """Where a path of the host can be opened here, links not followed."""
        return f"{self._root}/{path.lstrip('/')}"

    def found(self, path: str) -> tuple[str | None, Kind]:
        """The path after links and what is there; None, unknown, where this walk gets stuck.

        The kernel may not: it gets from one link to the next, and takes a place whose whole path is too long to name.
        """
        try:
            resolved = self.resolved(path)
            return resolved, self._kind(resolved)
        except OSError:
            return None, "unknown"

    def where(self, path: str) -> str:
        """The path after links; the path itself when the kernel would not walk it."""
        try:
            return self.resolved(path)
        except OSError:
            return path

    def resolved(self, path: str) -> str:
        """The path after links, followed component by component below the root; OSError as the kernel has it."""
        folder, _, name = path.rpartition("/")
        if folder not in self._folders:
            self._folders[folder] = self._walked("", folder.split("/")[::-1], 0)
        done, links = self._folders[folder]
        return self._walked(done, [name], links)[0] or "/"

    def _walked(self, done: str, waiting: list[str], links: int) -> tuple[str, int]:
        """From a place without links ("" is the root) on through the parts that wait, the next one last."""
        known = self._links
        while waiting:
            part = waiting.pop()
            if part == "" or part == ".":
                continue
            if part == "..":
                done = done.rpartition("/")[0]
                continue
            step = f"{done}/{part}"
            link = known[step] if step in known else self._link(done, step)
            if link is None:
                done = step
                continue
            links += 1
            if links > MAX_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            done = "" if link.startswith("/") else done
            waiting += link.split("/")[::-1]
        return done, links

    def is_socket(self, folder: str, name: str) -> bool:
        """Whether a name in a folder, whose path has no links, leads to a socket."""
        path = f"{folder.rstrip('/')}/{name}"
        try:
            mode = os.lstat(self.file(path)).st_mode
        except OSError:
            return False
        return stat.S_ISSOCK(mode) or (stat.S_ISLNK(mode) and self.found(path)[1] == "socket")

    def _link(self, folder: str, path: str) -> str | None:
        """Where a path in a folder, whose own path has no links, points to; None: no link, or nothing there."""
        link = None
        # Below nothing there is nothing. But the kernel has its own word for paths that are too long.
        if folder in self._missing and len(path) < _SHORT:
            self._missing.add(path)
        else:
            try:
                link = os.readlink(self._root + path)
            except OSError as error:
                if error.errno in _ABSENT:
                    self._missing.add(path)
                elif error.errno != _NO_LINK:
                    raise
        self._links[path] = link
        return link

    def _kind(self, resolved: str) -> Kind:
        try:
            # Resolved already; a link that came up since then must not lead out of the root.
            mode = os.lstat(self.file(resolved)).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return "missing"
        return _KINDS.get(stat.S_IFMT(mode), "unknown")
