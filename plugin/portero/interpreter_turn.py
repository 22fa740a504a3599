"""One thread of a process computes at a time: side by side they wait for the interpreter, at twice the cost.

A turn makes things quicker and guards nothing. Whoever waits for something outside ends its turn first; where a thread
is stuck in its turn, others go on without one.
"""

import threading
import time

# A request takes a millisecond, a large one hundreds, a file system that hangs for ever.
_PATIENCE = 0.02
# However many stand in line.
_LONGEST_WAIT = 1.0

_lock = threading.Lock()
_began = 0.0
_own = threading.local()


def begin_turn() -> None:
    """Wait until no other thread has its turn, or one has it for too long. Once before each `end_turn`."""
    global _began
    if not _wait():
        return
    _began = time.monotonic()
    _own.turn = True


def end_turn() -> None:
    """Let another thread have its turn; does nothing in a thread that has none."""
    if has_turn():
        _own.turn = False
        _lock.release()


def has_turn() -> bool:
    """Whether this thread has its turn."""
    return getattr(_own, "turn", False)


def _wait() -> bool:
    if _lock.acquire(blocking=False):
        return True
    give_up = time.monotonic() + _LONGEST_WAIT
    while time.monotonic() < min(give_up, _began + _PATIENCE):
        if _lock.acquire(timeout=_PATIENCE):
            return True
    return False
