"""Waits for a condition: how long something takes is not guessed."""

import time
from collections.abc import Callable

# Seconds: the machine may be busy.
PATIENCE = 60.0
_PAUSE = 0.02


def soon(true: Callable[[], object], patience: float = PATIENCE) -> bool:
    """Ask again and again, at most so many seconds; whether it holds."""
    end = time.monotonic() + patience
    while not (held := true()) and time.monotonic() < end:
        time.sleep(_PAUSE)
    return bool(held)


def wait_until(true: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Ask again and again; TimeoutError says `what` did not happen in so many seconds."""
    if not soon(true, patience):
        raise TimeoutError(f"{what} within {patience:.0f} s")
