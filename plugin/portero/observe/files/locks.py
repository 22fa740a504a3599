"""Locks on open files and folders, and whether an open file still has its name (log rotation).

A lock belongs to an open descriptor and ends with it, at the latest when the process ends (flock(2)).
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_RETRY_SECONDS = 0.05


def wait_for_lock(descriptor: int) -> None:
    """Lock an open file or folder; wait as long as another descriptor holds the lock."""
    fcntl.flock(descriptor, fcntl.LOCK_EX)


@contextmanager
def lock_folder(folder: Path, seconds: float | None = None) -> Iterator[None]:
    """Hold the lock on a folder; no file is left behind.

    Raises OSError, and TimeoutError when the lock is not free after so many seconds (None: wait).
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if seconds is None:
            wait_for_lock(descriptor)
        else:
            _lock_within(descriptor, seconds)
        yield
    finally:
        os.close(descriptor)


def _lock_within(descriptor: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TimeoutError from None
            time.sleep(_RETRY_SECONDS)


def is_rotated(path: str | Path, descriptor: int) -> bool:
    """Whether the file was moved away or removed since it was opened; raises OSError.

    No other file gets the inode of one that is held open, even when its name is gone.
    """
    return find_size(path, identify_file(os.fstat(descriptor))) is None


def identify_file(opened: os.stat_result) -> tuple[int, int]:
    """Device and inode of an open file."""
    return opened.st_dev, opened.st_ino


def find_size(path: str | Path, identity: tuple[int, int]) -> int | None:
    """The bytes of the file of this name; None: it is not the one of this identity any more. Raises OSError."""
    try:
        stat = os.stat(path)
    except FileNotFoundError:
        return None
    return stat.st_size if identify_file(stat) == identity else None
