"""Reads all files of a folder once, so that what is verified is what is used.

Refused: symbolic links, what is neither a file nor a folder, names that are not UTF-8, and more than a policy can be.
"""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from portero.decide.values.errors import FileFaults, raise_error

# Bounds of a policy, far above what one has: bytes in all, files and folders, bytes and parts of a name.
MAX_SIZE = 8 << 20
MAX_ENTRIES = 10_000
MAX_NAME = 512
MAX_DEPTH = 16


def read_tree(folder: Path, inside: Path | None = None) -> dict[str, bytes]:
    """Every file below the folder, whose own path may lead through links. Raises FileFaults and OSError.

    `inside`: where these links must end, for a folder whose links another account makes.
    """
    files: dict[str, bytes] = {}
    faults: list[tuple[str, str]] = []
    room = MAX_SIZE
    # The folder may be replaced by another one (a link to the next version) while we read: resolved once, read once.
    # Of a link that leads to itself Path.resolve makes no OSError before Python 3.13.
    top = Path(os.path.realpath(folder, strict=True))
    if not top.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    within = None if inside is None else Path(os.path.realpath(inside, strict=True))
    for name, entry, parent in _list_entries(top, within):
        fault = _find_fault(name, entry, parent)
        if fault is None:
            files[name] = _read_entry(entry, parent, room)
            room -= len(files[name])
        else:
            faults.append((name, fault))
    if faults:
        raise FileFaults(sorted(faults))
    return files


def find_name_fault(name: str) -> str | None:
    """Why no file of a policy can have this name below its folder; None when one can."""
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        return "has a name that is not UTF-8: rename it"
    if length > MAX_NAME or name.count("/") >= MAX_DEPTH:
        return f"has a name of more than {MAX_NAME} bytes or {MAX_DEPTH} parts: give it a shorter one"
    return None


def _list_entries(top: Path, within: Path | None) -> Iterator[tuple[str, str, int]]:
    """Each name below the folder that is not itself a folder, its last part, and a descriptor of where it lies."""
    count = 0
    for path, folders, names, descriptor in os.fwalk(top, onerror=raise_error):
        # What was opened, whatever the way leads to by now.
        if within is not None and not Path(os.readlink(f"/proc/self/fd/{descriptor}")).is_relative_to(within):
            raise FileFaults([(".", f"leads out of {within}: make it a link to a folder below")])
        below = os.path.relpath(path, top)
        prefix = "" if below == "." else f"{below}/"
        count += len(folders) + len(names)
        if count > MAX_ENTRIES:
            raise FileFaults([(below, f"has the file or folder after number {MAX_ENTRIES}, and no policy has so many")])
        links = [name for name in folders if not stat.S_ISDIR(_find_mode(name, descriptor))]
        if prefix.count("/") >= MAX_DEPTH:
            links, folders[:] = list(folders), []
        for name in sorted([*names, *links]):
            yield prefix + name, name, descriptor


def _find_fault(name: str, entry: str, parent: int) -> str | None:
    if fault := find_name_fault(name):
        return fault
    mode = _find_mode(entry, parent)
    if stat.S_ISLNK(mode):
        return "is a symbolic link, which can lead elsewhere tomorrow: put the file itself there"
    return None if stat.S_ISREG(mode) else "is neither a file nor a folder: remove it"


def _read_entry(entry: str, parent: int, max_size: int) -> bytes:
    # The entry may have become a link or a pipe since the check.
    descriptor = os.open(entry, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=parent)
    with open(descriptor, "rb") as opened:
        content = opened.read(max_size + 1)
    if len(content) > max_size:
        raise FileFaults([(entry, f"makes the folder larger than {MAX_SIZE >> 20} MiB, which no policy is: remove it")])
    return content


def _find_mode(entry: str, parent: int) -> int:
    return os.stat(entry, dir_fd=parent, follow_symlinks=False).st_mode
