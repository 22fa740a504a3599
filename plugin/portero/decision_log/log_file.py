"""Lines of the decision log in a file that is rotated, or on standard output.

A line is one write to a descriptor opened for appending, so that it never mixes with one of a Portero that is ending
(POSIX: O_APPEND sets the offset and writes as one step).
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
_LINE_ENDS = (b"\n", b"")


class LineWriter:
    """Appends lines to `target`, a file's path or `-`. `synced`: a rotated file must be on the disk.

    Opening and writing raise OSError.
    """

    def __init__(self, target: str, state: LogState, *, synced: bool) -> None:
        self._target = target
        self._state = state
        self._synced = synced
        self._output = StandardOutput() if target == STANDARD_OUTPUT else None
        # Of the open file. Its size before a line is written, and where the last whole line of ours ended.
        self._identity = (0, 0)
        self._size = self._end = 0
        self._descriptor = self._open() if self._output is None else self._output.descriptor

    def write(self, line: str) -> None:
        """Append one line. A full disk, or a killed writer, can have left half of one, which is ended first."""
        data = line.encode() + b"\n"
        if self._state.torn if self._output else self._is_torn():
            data = b"\n" + data
        if self._output:
            written = self._output.write(data)
            self._state.torn = written != len(data) if written else self._state.torn
        else:
            written = os.write(self._descriptor, data)
        if written != len(data):
            why = f"only {written} of {len(data)} bytes of a line were written"
            raise OSError(errno.EIO, why, self._target)
        self._end = self._size + written

    def prepare_sync(self) -> Callable[[], None]:
        """See DecisionLog; others may write meanwhile."""
        descriptor = os.dup(self._descriptor)

        def sync() -> None:
            try:
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)

        return sync

    def _is_torn(self) -> bool:
        """Whether the file of this name, which is open after this, ends with half a line or cannot be read."""
        size = find_size(self._target, self._identity)
        if size is None:
            self._reopen()
            size = os.fstat(self._descriptor).st_size
        self._size = size
        if size == self._end:
            return False
        try:
            return size > 0 and os.pread(self._descriptor, 1, size - 1) not in _LINE_ENDS
        except OSError:
            return True

    def _reopen(self) -> None:
        """logrotate moved the file away: the next line goes to a new one of the old name."""
        rotated = self._descriptor
        self._descriptor = self._open()
        if self._synced:
            os.fdatasync(rotated)
        os.close(rotated)

    def _open(self) -> int:
        """Open the file, and nothing that could keep a writer waiting."""
        Path(self._target).parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
        try:
            descriptor = os.open(self._target, flags, _OWNER_ONLY)
        except OSError as error:
            if error.errno == errno.ENXIO:  # a pipe without a reader, or a socket
                raise OSError(errno.EINVAL, "is not a regular file", self._target) from error
            raise
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode) or stat.S_ISCHR(status.st_mode):
            self._identity = identify(status)
            return descriptor
        os.close(descriptor)
        raise OSError(errno.EINVAL, "is not a regular file", self._target)
