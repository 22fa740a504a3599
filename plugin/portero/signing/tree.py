"""Reads all files of a folder once, so that what is verified is what is used.

Refused: symbolic links, what is neither a file nor a folder, names that are not UTF-8, and more than a policy can be.
"""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from portero.values.errors import FileFaults

MAX_SIZE = 64 << 20


class TreeRefused(FileFaults):
    """What in the folder cannot be signed; `faults` has one sentence each, beginning with the name."""


def read_tree(folder: Path) -> dict[str, bytes]:
    """Every file below the folder, whose own path may lead through links. Raises TreeRefused and OSError."""
    files: dict[str, bytes] = {}
    faults: list[tuple[str, str]] = []
    room = MAX_SIZE
    # The folder may be replaced by another one (a link to the next version) while we read: resolved once, read once.
    top = folder.resolve(strict=True)
    if not top.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    for name, entry, parent in _list_entries(top):
        fault = _find_fault(name, entry, parent)
        if fault is None:
            files[name] = _read(entry, parent, room)
            room -= len(files[name])
        else:
            faults.append((name, fault))
    if faults:
        raise TreeRefused(sorted(faults))
    return files


def _list_entries(top: Path) -> Iterator[tuple[str, str, int]]:
    """Each name below the folder that is not itself a folder, its last part, and a descriptor of where it lies."""
    for path, folders, names, descriptor in os.fwalk(top, onerror=_raise):
        below = os.path.relpath(path, top)
        prefix = "" if below == "." else f"{below}/"
        links = [name for name in folders if not stat.S_ISDIR(_find_mode(name, descriptor))]
        for name in sorted([*names, *links]):
            yield prefix + name, name, descriptor


def _find_fault(name: str, entry: str, parent: int) -> str | None:
    mode = _find_mode(entry, parent)
    if stat.S_ISLNK(mode):
        return "is a symbolic link, which can lead elsewhere tomorrow: put the file itself there"
    if not stat.S_ISREG(mode):
        return "is neither a file nor a folder: remove it"
    try:
        name.encode()
    except UnicodeEncodeError:
        return "has a name that is not UTF-8: rename it"
    return None


def _read(entry: str, parent: int, max_size: int) -> bytes:
    # The entry may have become a link or a pipe since the check.
    descriptor = os.open(entry, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=parent)
    with open(descriptor, "rb") as opened:
        content = opened.read(max_size + 1)
    if len(content) > max_size:
        raise TreeRefused(
            [(entry, f"makes the folder larger than {MAX_SIZE >> 20} MiB, which no policy is: remove it")]
        )
    return content


def _find_mode(entry: str, parent: int) -> int:
    return os.stat(entry, dir_fd=parent, follow_symlinks=False).st_mode


def _raise(error: OSError) -> None:
    raise error
