"""Keeps the memory of large requests from staying with the process, as far as the C library is glibc.

It would keep an arena of free memory for each thread, and what is above a piece in use.
"""

import ctypes
import gc

# malloc.h; each of them as mallopt(3) describes it.
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_LARGE = 128 << 10


class FreeMemory:
    """All threads share one arena from now on, and large pieces go back to the system when they are freed."""

    def __init__(self) -> None:
        library = ctypes.CDLL(None)
        # Another C library has none of these.
        self._trim = getattr(library, "malloc_trim", None)
        option = getattr(library, "mallopt", None)
        if self._trim is not None and option is not None:
            option(_M_ARENA_MAX, 1)
            # Set, it no longer grows with the largest piece that was freed.
            option(_M_MMAP_THRESHOLD, _LARGE)

    def give_back(self) -> None:
        """Give what is free now back to the system. It takes some milliseconds."""
        gc.collect()
        if self._trim is not None:
            self._trim(0)
