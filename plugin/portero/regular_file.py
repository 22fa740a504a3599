"""Reads a file whole, where only a regular file makes sense: no pipe blocks, no device fills the memory."""

import errno
import os
import stat
from pathlib import Path

# Bytes; far more than any rule, site.json, key or daemon.json has.
LARGEST = 1 << 20


def read_regular_file(path: str | Path, largest: int = LARGEST) -> bytes:
    """The content, links followed. Raises OSError, also for what is no regular file or has more bytes than that."""
    # Without O_NONBLOCK, opening a pipe waits for its other end.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "is not a regular file", str(path))
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read(largest + 1)
    finally:
        os.close(descriptor)
    if len(data) > largest:
        raise OSError(errno.EFBIG, f"has more than {largest} bytes", str(path))
    return data
