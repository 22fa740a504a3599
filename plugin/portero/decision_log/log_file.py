"""Lines of the decision log in a file that is rotated, or on standard output.

A line is one write to a descriptor opened for appending, so that it never mixes with one of a Portero that ends just
now (POSIX: O_APPEND sets the offset and writes as one step).
"""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

from portero.decision_log.log_state import STANDARD_OUTPUT, LogState
from portero.decision_log.standard_output import StandardOutput
from portero.files.locks import find_size, identify

_OWNER_ONLY = 0o600
# No byte: the file was cut meanwhile.
_ENDS = (b"\n", b"")


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
        # Its size before this line, and the one that our own last line left, if it was written in whole.
        self._size = self._whole_at = 0
        self._descriptor = self._open() if self._output is None else self._output.descriptor

    def write(self, line: str) -> None:
        """Append one line, on a line of its own: a full disk, or the end of a writer, can have left half of one."""
        data = line.encode() + b"\n"
        if self._state.torn if self._output else self._is_torn():
            data = b"\n" + data
        if self._output:
            written = self._output.write(data)
            self._state.torn = written != len(data) if written else self._state.torn
        else:
            written = os.write(self._descriptor, data)
            self._whole_at = self._size + written if written == len(data) else 0
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

    def _is_torn(self) -> bool:
        """Whether the file of this name ends with half a line, by whichever process. It is open after this."""
        size = find_size(self._place, self._identity)
        if size is None:
            self._follow_rotation()
            size = os.fstat(self._descriptor).st_size
        self._size = size
        # To read the last byte costs a tenth of the answer to `docker ps`.
        return size != self._whole_at and not self._ends_a_line(size)

    def _ends_a_line(self, size: int) -> bool:
        """Whether the first bytes of the file, so many, are whole lines. Where they cannot be read: no."""
        try:
            return size == 0 or os.pread(self._descriptor, 1, size - 1) in _ENDS
        except OSError:
            return False

    def _follow_rotation(self) -> None:
        """logrotate moved the file away: the next line goes to a new one of the old name."""
        left = self._descriptor
        self._descriptor = self._open()
        self._whole_at = 0
        if self._synced:
            os.fdatasync(left)
        os.close(left)

    def _open(self) -> int:
        """The file. Nothing is opened that could keep a writer waiting."""
        Path(self._place).parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
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
