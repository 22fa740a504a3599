"""Writes a file that a command makes: in one step, with the mode that it should have, and through no link."""

import os
import stat
import tempfile
from pathlib import Path


def replace_file(file: Path, data: bytes, mode: int) -> None:
    """Put a new file in the place of the one that is there; a device or a pipe is written to. Raises OSError."""
    found = file.lstat().st_mode if os.path.lexists(file) else stat.S_IFREG
    if stat.S_ISLNK(found):
        raise OSError(0, "is a symbolic link; name the file itself", str(file))
    if not stat.S_ISREG(found):
        file.write_bytes(data)
        return
    # A name that cannot be guessed, and never a file that is there already.
    descriptor, fresh = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with open(descriptor, "wb") as opened:
            opened.write(data)
            os.fchmod(descriptor, mode)
        os.replace(fresh, file)
    except OSError:
        os.unlink(fresh)
        raise
