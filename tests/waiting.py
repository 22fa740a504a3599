"""Waits for a condition: how long something takes is not guessed."""

import time
from collections.abc import Callable

# Seconds: the machine may be busy.
PATIENCE = 180.0
_PAUSE = 0.02


def soon(true: Callable[[], object], patience: float = PATIENCE) -> bool:
    """Ask again and again, at most so many seconds; whether it holds. Asking takes a third of the time at most."""
    end = time.monotonic() + patience
    while True:
        asked = time.monotonic()
        if (held := true()) or time.monotonic() >= end:
            return bool(held)
        time.sleep(max(_PAUSE, 2 * (time.monotonic() - asked)))


def wait_until(true: Callable[[], object], what: str, patience: float = PATIENCE) -> float:
    """Ask again and again; the seconds it took. TimeoutError says `what` did not happen in so many seconds."""
    began = time.monotonic()
    if not soon(true, patience):
        raise TimeoutError(f"{what} within {patience:.0f} s")
    return time.monotonic() - began
