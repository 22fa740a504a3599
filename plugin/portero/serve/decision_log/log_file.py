"""Lines of the decision log in a file that is rotated, or on standard output.

A line is one write to a descriptor opened for appending, so that it never mixes with one of a Portero that is ending
(POSIX: O_APPEND sets the offset and writes as one step).
"""

import errno
import os
import select
import socket
import stat
import time
from collections.abc import Callable
from pathlib import Path

from portero.observe.files.locks import find_size, identify_file
from portero.serve.decision_log.log_state import STANDARD_OUTPUT, LogState

_OWNER_ONLY = 0o600
# No byte: the file was cut meanwhile.
_LINE_ENDS = (b"\n", b"")
DESCRIPTOR = 1
_CLOSED = -1
# How long standard output is given to take a line.
_SECONDS = 2.0


class LineWriter:
    """Appends lines to `target`, a file's path or `-`. `synced`: a rotated file must be on the disk.

    Opening and writing raise OSError. `opens_later`: a file that cannot be opened now is tried again with each line.
    """

    def __init__(self, target: str, state: LogState, *, synced: bool, opens_later: bool = False) -> None:
        self._target = target
        self._state = state
        self._synced = synced
        self._output = StandardOutput() if target == STANDARD_OUTPUT else None
        # Of the open file. Its size before a line is written, and where the last whole line of ours ended.
        self._identity = (0, 0)
        self._size = self._end = 0
        self._descriptor = _CLOSED
        if self._output is not None:
            self._descriptor = self._output.descriptor
        elif not opens_later:
            self._reopen()

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
        """A function, called once, that brings to the disk what was written so far; others may write meanwhile."""
        descriptor = os.dup(self._descriptor)

        def sync() -> None:
            try:
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)

        return sync

    def _is_torn(self) -> bool:
        """Whether the file of this name, which is open after this, ends with half a line or cannot be read."""
        size = None if self._descriptor == _CLOSED else find_size(self._target, self._identity)
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
        self._state.unopened = ""
        if rotated == _CLOSED:
            return
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
            self._identity = identify_file(status)
            return descriptor
        os.close(descriptor)
        raise OSError(errno.EINVAL, "is not a regular file", self._target)


class StandardOutput:
    """Standard output. A pipe or a socket whose reader hangs takes only what fits."""

    def __init__(self) -> None:
        """Raises OSError when it is closed."""
        mode = os.fstat(DESCRIPTOR).st_mode
        self._socket = socket.socket(fileno=os.dup(DESCRIPTOR)) if stat.S_ISSOCK(mode) else None
        self.descriptor = DESCRIPTOR if stat.S_ISREG(mode) or stat.S_ISSOCK(mode) else _open_file()
        self._is_stalled = False

    def write(self, data: bytes) -> int:
        """How many of the bytes were written; raises OSError.

        It waits for a reader for two seconds, and after a wait that failed not at all until the reader goes on.
        """
        deadline = time.monotonic() + (0 if self._is_stalled else _SECONDS)
        left = memoryview(data)
        while left:
            try:
                if self._socket is None:
                    left = left[os.write(self.descriptor, left) :]
                else:
                    left = left[self._socket.send(left, socket.MSG_DONTWAIT) :]
            except BlockingIOError:
                if not _wait(self.descriptor, deadline - time.monotonic()):
                    break
        self._is_stalled = bool(left)
        return len(data) - len(left)


def _open_file() -> int:
    """The same pipe or terminal with separate flags: O_NONBLOCK on descriptor 1 would be set for others, too."""
    try:
        return os.open(f"/proc/self/fd/{DESCRIPTOR}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError:  # another user's pipe, or no /proc: a write can then wait
        return DESCRIPTOR


def _wait(descriptor: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(max(0.0, seconds) * 1000))
