"""Log rotation: whether an open file is still the one of its name."""

import os
from pathlib import Path


def is_rotated(path: str | Path, descriptor: int) -> bool:
    """Whether the file was moved away or removed since it was opened; raises OSError.

    No other file gets the inode of one that is held open, even when its name is gone.
    """
    return find_size(path, identify(os.fstat(descriptor))) is None


def identify(opened: os.stat_result) -> tuple[int, int]:
    """Device and inode of an open file."""
    return opened.st_dev, opened.st_ino


def find_size(path: str | Path, identity: tuple[int, int]) -> int | None:
    """The bytes of the file of this name; None: it is not the one of this identity any more. Raises OSError."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_size if identify(found) == identity else None
