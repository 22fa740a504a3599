"""Log rotation: whether an open file is still the one of its name."""

import os
from pathlib import Path


def is_rotated(path: str | Path, descriptor: int) -> bool:
    """Whether the file was moved away or removed since it was opened; raises OSError.

    No other file gets the inode of one that is held open, even when its name is gone.
    """
    try:
        return not os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return True
