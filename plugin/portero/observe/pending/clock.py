"""When this process, or its arbiter, began, by the clock that dockerd dates containers with.

What dockerd has made since Portero began to judge is not older than that, however the clock was set meanwhile.
"""

import mmap
import threading
import time

# By the clock that cannot be set.
_BEGAN = time.monotonic()
# The earliest start by the host's clock that was found, in seconds since 1970. Deciding processes that follow share it.
_EARLIEST = memoryview(mmap.mmap(-1, 8)).cast("q")
_EARLIEST[0] = int(time.time())
_LOCK = threading.Lock()


def find_start() -> int:
    """When this process, or its arbiter, started, in seconds since 1970; by an earlier clock that was set back."""
    note_clock()
    return _EARLIEST[0]


def note_clock() -> None:
    """To be called before dockerd makes something, and after it: the clock may be set back, and right again later."""
    # Of the two clocks one is read a moment after the other.
    start = int(time.time() - (time.monotonic() - _BEGAN) + 0.001)
    with _LOCK:
        _EARLIEST[0] = min(_EARLIEST[0], start)
