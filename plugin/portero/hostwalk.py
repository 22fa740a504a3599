"""Follows links below a root as the kernel would (path_resolution(7)), at one moment: each link is read once.

A path of the host comes in, the path without links and the kind of what lies there come out. Nothing is refused.
"""

import errno
import os
import stat
from collections.abc import Callable

from portero.hostview import MAX_LINKS, Kind

_KINDS: tuple[tuple[Callable[[int], bool], Kind], ...] = (
    (stat.S_ISDIR, "directory"),
    (stat.S_ISREG, "file"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISBLK, "device"),
    (stat.S_ISCHR, "device"),
)


class HostWalk:
    """One moment of the files below `root`, in which links stay as in a chroot; for one request, then dropped."""

    def __init__(self, root: str) -> None:
        self._root = root.rstrip("/")
        self._links: dict[str, str | None] = {}

    def file(self, path: str) -> str:
        """Where a path of the host can be opened here, links not followed."""
        return f"{self._root}/{path.lstrip('/')}"

    def found(self, path: str) -> tuple[str, Kind]:
        """The path after links and what is there; the path itself, unknown, when the kernel would not walk it."""
        try:
            resolved = self.resolved(path)
            return resolved, self._kind(resolved)
        except OSError:
            return path, "unknown"

    def where(self, path: str) -> str:
        """The path after links; the path itself when the kernel would not walk it."""
        try:
            return self.resolved(path)
        except OSError:
            return path

    def resolved(self, path: str) -> str:
        """The path after links, followed component by component below the root; OSError as the kernel has it."""
        done, waiting, links = "", path.split("/")[::-1], 0
        while waiting:
            part = waiting.pop()
            if part in ("", "."):
                continue
            if part == "..":
                done = done.rpartition("/")[0]
                continue
            step = f"{done}/{part}"
            link = self._link(step)
            if link is None:
                done = step
                continue
            links += 1
            if links > MAX_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            done = "" if link.startswith("/") else done
            waiting += link.split("/")[::-1]
        return done or "/"

    def is_socket(self, folder: str, name: str) -> bool:
        """Whether a name in a folder, whose path has no links, leads to a socket."""
        path = f"{folder.rstrip('/')}/{name}"
        try:
            mode = os.lstat(self.file(path)).st_mode
        except OSError:
            return False
        return stat.S_ISSOCK(mode) or (stat.S_ISLNK(mode) and self.found(path)[1] == "socket")

    def _link(self, path: str) -> str | None:
        """Where a link points to; None: no link, or nothing there."""
        if path not in self._links:
            self._links[path] = _read_link(self.file(path))
        return self._links[path]

    def _kind(self, resolved: str) -> Kind:
        try:
            # Resolved already; a link that came up since then must not lead out of the root.
            mode = os.lstat(self.file(resolved)).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return "missing"
        return next((kind for holds, kind in _KINDS if holds(mode)), "unknown")


def _read_link(file: str) -> str | None:
    try:
        return os.readlink(file)
    except OSError as error:
        # EINVAL: not a link.
        if error.errno in (errno.EINVAL, errno.ENOENT, errno.ENOTDIR):
            return None
        raise
