"""Gives the memory of large requests and old policies back to the system.

glibc would keep an arena of free memory for each thread, and what lies above a piece in use. Other C libraries have
none of its functions.
"""

import ctypes
import gc
from collections.abc import Callable
from threading import BoundedSemaphore, get_ident

from portero.observe.process.threads import set_hurried

# malloc.h, described in mallopt(3).
_M_ARENA_MAX = -8
# One request is received while another is judged.
_AT_ONCE, _TIMEOUT_SECONDS = 2, 1.0
_LIBRARY = ctypes.CDLL(None)


class LargeRequests:
    """Turns for large requests: at most `max_turns` at once. `on_served` is called after each.

    All but two wait a second first: more at once only take more memory. Then they go on, since those two may wait for a
    file system or a daemon that does not answer. `were_served`: whether one was served since it was set to False.
    """

    def __init__(self, max_turns: int, on_served: Callable[[], None]) -> None:
        self.were_served = False
        self._on_served = on_served
        self._turns = BoundedSemaphore(max_turns)
        self._first = BoundedSemaphore(_AT_ONCE)
        # The threads whose requests did not wait.
        self._first_threads: set[int] = set()

    def __enter__(self) -> None:
        """Wait for a turn."""
        if self._first.acquire(timeout=_TIMEOUT_SECONDS):
            self._first_threads.add(get_ident())
        self._turns.acquire()
        set_hurried(True)

    def __exit__(self, *_: object) -> None:
        """Give it to the next one."""
        set_hurried(False)
        self._turns.release()
        if get_ident() in self._first_threads:
            self._first_threads.remove(get_ident())
            self._first.release()
        self.were_served = True
        self._on_served()


def use_one_arena() -> None:
    """Have all threads that begin from now on share one arena, also in a forked process."""
    _call("mallopt", _M_ARENA_MAX, 1)


def give_back() -> None:
    """Give free memory back to the system, in some milliseconds: after large requests and after a reload.

    What was loaded before the fork stays frozen: to collect it again (gc.unfreeze) was measured to take more memory.
    """
    gc.collect()
    _call("malloc_trim", 0)


def share_with_forks() -> None:
    """Have processes that are forked from now on share the memory of this one: no collector visits and copies it."""
    give_back()
    gc.freeze()


def _call(name: str, *values: int) -> None:
    function = getattr(_LIBRARY, name, None)
    if function is not None:
        function(*values)
