"""Writes a file whole or not at all: a reader finds the old content or the new one, never half of it."""

import os
import tempfile
from pathlib import Path


def write_whole(file: Path, data: bytes, mode: int, *, synced: bool = False) -> None:
    """Put a new file in the place of the one that is there, a link included; raises OSError, and leaves nothing then.

    `synced`: it is on the disk before it takes the place, so that a crash of the machine leaves no empty file.
    """
    # A name that cannot be guessed, and never a file that is there already.
    descriptor, fresh = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with open(descriptor, "wb") as opened:
            opened.write(data)
            opened.flush()
            os.fchmod(descriptor, mode)
            if synced:
                os.fsync(descriptor)
        os.replace(fresh, file)
    except OSError:
        os.unlink(fresh)
        raise
