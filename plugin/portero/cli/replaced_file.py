"""Writes a file that a command makes: in one step, with the mode that it should have, and through no link."""

import os
import stat
from pathlib import Path

from portero.whole_file import write_whole


def replace_file(file: Path, data: bytes, mode: int) -> None:
    """Put a new file in the place of the one that is there; a device or a pipe is written to. Raises OSError."""
    found = file.lstat().st_mode if os.path.lexists(file) else stat.S_IFREG
    if stat.S_ISLNK(found):
        raise OSError(0, "is a symbolic link; name the file itself", str(file))
    if not stat.S_ISREG(found):
        file.write_bytes(data)
        return
    write_whole(file, data, mode)
