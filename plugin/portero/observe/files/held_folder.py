"""Opens a folder once, so that what is written there later goes there, whatever its name leads to by then.

Root follows no link on the way that another account can put there: who may write to a folder above could otherwise
rename the folder in which root works, and lead root's file into any other one.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from portero.decide.values.dataclass import dataclass
from portero.observe.files.owners import sees_all_users

_PLACE = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_WRITABLE = stat.S_IWGRP | stat.S_IWOTH
# As many as the kernel follows.
_MAX_LINKS = 40
_REFUSED = "another account can lead this link anywhere; name the folder itself"


@dataclass(frozen=True, slots=True)
class HeldFolder:
    """`stamps`: of each folder on the way that others can rename, as it was opened; only root needs them."""

    path: str
    descriptor: int
    stamps: tuple[tuple[int, int, int], ...] = ()

    def locate(self, name: str) -> Path:
        """The path for this process of what has this name in it."""
        return Path(f"/proc/self/fd/{self.descriptor}", name)

    def is_where_it_was(self) -> bool:
        """Whether its path has led there all the time: a rename and its way back change the times of what was renamed.

        Raises OSError.
        """
        with hold_folder(self.path) as again:
            return again.stamps == self.stamps


@contextmanager
def hold_folder(path: str | Path) -> Iterator[HeldFolder]:
    """Opens it; raises OSError, for root also where a link on the way is not root's alone."""
    named = os.fspath(path) or "."
    held = _open_as_root(named) if _is_root(os.geteuid()) else HeldFolder(named, os.open(named, _PLACE))
    try:
        yield held
    finally:
        os.close(held.descriptor)


@cache
def _is_root(user: int) -> bool:
    """Root of a user namespace is an account of the host, and does not see whose the folders are."""
    return user == 0 and sees_all_users()


def _open_as_root(path: str) -> HeldFolder:
    names, links, stamps = path.split("/")[::-1], 0, list[tuple[int, int, int]]()
    at = os.open("/" if path.startswith("/") else ".", _PLACE)
    try:
        while names:
            name = names.pop()
            if name in ("", "."):
                continue
            above, entry = os.fstat(at), os.stat(name, dir_fd=at, follow_symlinks=False)
            is_roots = _is_roots_alone(entry, above)
            if stat.S_ISLNK(entry.st_mode):
                links += 1
                if links > _MAX_LINKS or not is_roots:
                    raise OSError(errno.ELOOP, _REFUSED, path)
                # No other account can have changed it since.
                target = os.readlink(name, dir_fd=at)
                names += target.split("/")[::-1]
                name = "/" if target.startswith("/") else "."
            # What has become a link meanwhile is none that was looked at.
            inner = os.open(name, _PLACE | os.O_NOFOLLOW, dir_fd=at)
            os.close(at)
            at = inner
            if not is_roots:
                now = os.fstat(at)
                stamps.append((now.st_dev, now.st_ino, now.st_ctime_ns))
    except OSError as error:
        os.close(at)
        raise OSError(error.errno, error.strerror, path) from error
    return HeldFolder(path, at, tuple(stamps))


def _is_roots_alone(entry: os.stat_result, folder: os.stat_result) -> bool:
    """Whether root alone can have put it there: of a folder that others write, a sticky one keeps root's entries."""
    is_shared = folder.st_mode & _WRITABLE and not folder.st_mode & stat.S_ISVTX
    return entry.st_uid == folder.st_uid == 0 and not is_shared
