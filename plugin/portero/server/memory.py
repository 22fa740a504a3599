"""Keeps the memory of large requests from staying with the process, as far as the C library is glibc.

It would keep an arena of free memory for each thread, and what is above a piece in use.
"""

import ctypes
import gc
from threading import BoundedSemaphore

# malloc.h, described in mallopt(3).
_M_ARENA_MAX = -8


class LargeRequests:
    """Their turns, of which so many are taken at once. `were_served`: whether one was, since it was set to False."""

    def __init__(self, most: int) -> None:
        self.were_served = False
        self._turns = BoundedSemaphore(most)

    def __enter__(self) -> None:
        """Wait for a turn."""
        self._turns.acquire()

    def __exit__(self, *_: object) -> None:
        """Give it to the next one."""
        self.were_served = True
        self._turns.release()


class FreeMemory:
    """All threads share one arena from now on. To map large pieces as well was measured: 1 MB took a sixth longer."""

    def __init__(self) -> None:
        library = ctypes.CDLL(None)
        # Another C library has none of these.
        self._trim = getattr(library, "malloc_trim", None)
        option = getattr(library, "mallopt", None)
        if self._trim is not None and option is not None:
            option(_M_ARENA_MAX, 1)

    def give_back(self) -> None:
        """Give what is free now back to the system. It takes some milliseconds."""
        gc.collect()
        if self._trim is not None:
            self._trim(0)
