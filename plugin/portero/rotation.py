"""Log rotation: whether an open file is still the one of its name."""

import os
from pathlib import Path


def is_rotated(path: str | Path, descriptor: int) -> bool:
    """Whether the file was moved away or removed since it was opened; raises OSError.

    No other file gets the inode of one that is held open, even when its name is gone.
    """
    return has_moved(path, identify(os.fstat(descriptor)))


def identify(opened: os.stat_result) -> tuple[int, int]:
    """Device and inode of an open file."""
    return opened.st_dev, opened.st_ino


def has_moved(path: str | Path, identity: tuple[int, int]) -> bool:
    """As is_rotated, for who opened the file and noted its identity then."""
    try:
        return identify(os.stat(path)) != identity
    except FileNotFoundError:
        return True
