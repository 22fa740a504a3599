"""Lines of the decision log in a file that is rotated, or on standard output.

A line is one write to a descriptor opened for appending, so that lines of several workers never mix (POSIX: O_APPEND
sets the offset and writes as one step).
"""

import errno
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

from portero.log_place import STANDARD_OUTPUT
from portero.rotation import has_moved, identify
from portero.service.log_state import LogState
from portero.service.standard_output import StandardOutput

_OWNER_ONLY = 0o600
_LOOKS, _BETWEEN_LOOKS = 4, 0.002


class LineWriter:
    """Appends lines to `place`, a file's path or `-`; `synced`: what is left at a rotation must be on the disk.

    Opening and writing raise OSError.
    """

    def __init__(self, place: str, state: LogState, *, synced: bool) -> None:
        self._place = place
        self._state = state
        self._synced = synced
        self._output = StandardOutput() if place == STANDARD_OUTPUT else None
        # Of the open file, asked for once.
        self._identity = (0, 0)
        self._descriptor = self._open() if self._output is None else self._output.descriptor
        state.torn = self._output is None and _is_torn(place)

    def write(self, line: str) -> None:
        """Append one line. A full disk can take half of it; the next one then starts on a line of its own."""
        if self._output is None and has_moved(self._place, self._identity):
            self._follow_rotation()
        data = line.encode() + b"\n"
        if self._state.torn:
            data = b"\n" + data
        written = os.write(self._descriptor, data) if self._output is None else self._output.write(data)
        if written:
            self._state.torn = written != len(data)
        if written != len(data):
            why = f"only {written} of {len(data)} bytes of a line were written"
            raise OSError(errno.EIO, why, self._place)

    def prepare_sync(self) -> Callable[[], None]:
        """What brings to the disk what was written so far, while others go on to write. It is called once."""
        descriptor = os.dup(self._descriptor)

        def sync() -> None:
            try:
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)

        return sync

    def _follow_rotation(self) -> None:
        """logrotate moved the file away: the next line goes to a new one of the old name."""
        left = self._descriptor
        self._descriptor = self._open()
        if self._synced:
            os.fdatasync(left)
        os.close(left)
        self._state.torn = False

    def _open(self) -> int:
        """The file. Nothing is opened that could keep a writer waiting."""
        Path(self._place).parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
        try:
            descriptor = os.open(self._place, flags, _OWNER_ONLY)
        except OSError as error:
            if error.errno == errno.ENXIO:  # a pipe without a reader, or a socket
                raise OSError(errno.EINVAL, "is not a regular file", self._place) from error
            raise
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode) or stat.S_ISCHR(found.st_mode):
            self._identity = identify(found)
            return descriptor
        os.close(descriptor)
        raise OSError(errno.EINVAL, "is not a regular file", self._place)


def _is_torn(file: str) -> bool:
    """Whether the last line stays half a line: one that another process writes just now may be there in part."""
    for _ in range(_LOOKS):
        if _ends_a_line(file):
            return False
        time.sleep(_BETWEEN_LOOKS)
    return True


def _ends_a_line(file: str) -> bool:
    """Whether nothing of a line is left at the end of a file, by a power cut say. Where it cannot be read: no."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        size = os.fstat(descriptor).st_size
        return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"
    except OSError:
        return False
    finally:
        os.close(descriptor)
