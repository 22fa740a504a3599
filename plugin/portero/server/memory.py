"""Gives the memory of large requests and old policies back to the system, as far as the C library is glibc.

That would keep an arena of free memory for each thread, and what is above a piece in use.
"""

import ctypes
import gc
from collections.abc import Callable
from threading import BoundedSemaphore, get_ident

# malloc.h, described in mallopt(3).
_M_ARENA_MAX = -8
# One request is received while another is judged.
_AT_ONCE, _PATIENCE = 2, 1.0
_LIBRARY = ctypes.CDLL(None)


class LargeRequests:
    """Their turns, of which so many are taken at once. `were_served`: whether one was, since it was set to False.

    `on_served` is called after each.

    All of them but a few wait a while first: more at once get no more done, only take more memory. Then they go on all
    the same, since those few may have met a file system or a daemon that does not answer.
    """

    def __init__(self, most: int, on_served: Callable[[], None]) -> None:
        self.were_served = False
        self._on_served = on_served
        self._turns = BoundedSemaphore(most)
        self._first = BoundedSemaphore(_AT_ONCE)
        # The threads whose requests are among the few.
        self._are_first: set[int] = set()

    def __enter__(self) -> None:
        """Wait for a turn."""
        if self._first.acquire(timeout=_PATIENCE):
            self._are_first.add(get_ident())
        self._turns.acquire()

    def __exit__(self, *_: object) -> None:
        """Give it to the next one."""
        self._turns.release()
        if get_ident() in self._are_first:
            self._are_first.remove(get_ident())
            self._first.release()
        self.were_served = True
        self._on_served()


def use_one_arena() -> None:
    """Have all threads that begin from now on share one arena, also in a process that is forked.

    To map large pieces as well was measured: 1 MB took a sixth longer.
    """
    _call("mallopt", _M_ARENA_MAX, 1)


def give_back() -> None:
    """Give what is free now back to the system. It takes some milliseconds.

    After large requests and after a reload: an old policy has no cycles, so that nothing of it is left by then.
    Measured 2026-11-28, both processes: 41 to 45 MiB after the start, 67 to 72 after five reloads, at most 76 after
    ten. What was loaded before the fork is left alone: to collect it again (gc.unfreeze) made 78 of these 67.
    """
    gc.collect()
    _call("malloc_trim", 0)


def share_with_forks() -> None:
    """Have processes that are forked from now on share what this one holds.

    What is loaded stays: no collector has to visit it, which would also give each of them a copy of its pages.
    """
    give_back()
    gc.freeze()


def _call(name: str, *values: int) -> None:
    # Another C library has none of these.
    function = getattr(_LIBRARY, name, None)
    if function is not None:
        function(*values)
