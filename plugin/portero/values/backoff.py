"""When something that failed is tried again: soon at first, then less and less often."""

from math import inf

# Seconds.
_FIRST, _LONGEST = 1.0, 60.0


class Retry:
    """Times are those of time.monotonic()."""

    def __init__(self) -> None:
        self._pause, self._due = _FIRST, inf

    def fail(self, now: float) -> None:
        """It has failed: it is due after a pause, twice as long as the one before."""
        self._due = now + self._pause
        self._pause = min(2 * self._pause, _LONGEST)

    def succeed(self) -> None:
        self._pause, self._due = _FIRST, inf

    def is_waiting(self, now: float) -> bool:
        return now < self._due < inf

    def is_due(self, now: float) -> bool:
        return now >= self._due
