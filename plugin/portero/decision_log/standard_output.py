"""Writes to standard output for a bounded time, also when its reader hangs."""

import os
import select
import socket
import stat
import time

DESCRIPTOR = 1
_SECONDS = 2.0


class StandardOutput:
    """Standard output. A pipe or a socket whose reader hangs takes only what fits."""

    def __init__(self) -> None:
        """Raises OSError when it is closed."""
        mode = os.fstat(DESCRIPTOR).st_mode
        self._socket = socket.socket(fileno=os.dup(DESCRIPTOR)) if stat.S_ISSOCK(mode) else None
        self.descriptor = DESCRIPTOR if stat.S_ISREG(mode) or stat.S_ISSOCK(mode) else _reopen()
        self._is_stalled = False

    def write(self, data: bytes) -> int:
        """How many of the bytes were written; raises OSError.

        It waits for a reader for two seconds, and after a wait that failed not at all until the reader goes on.
        """
        deadline = time.monotonic() + (0 if self._is_stalled else _SECONDS)
        left = memoryview(data)
        while left:
            try:
                left = left[self._write(left) :]
            except BlockingIOError:
                if not _wait(self.descriptor, deadline - time.monotonic()):
                    break
        self._is_stalled = bool(left)
        return len(data) - len(left)

    def _write(self, data: memoryview) -> int:
        return os.write(self.descriptor, data) if self._socket is None else self._socket.send(data, socket.MSG_DONTWAIT)


def _reopen() -> int:
    """The same pipe or terminal with separate flags: O_NONBLOCK on descriptor 1 would be set for others, too."""
    try:
        return os.open(f"/proc/self/fd/{DESCRIPTOR}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError:  # another user's pipe, or no /proc: a write can then wait
        return DESCRIPTOR


def _wait(descriptor: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(max(0.0, seconds) * 1000))
