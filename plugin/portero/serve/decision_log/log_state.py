"""The state of the decision log for all threads: lost lines and writes that hang; and the logs that are no file."""

import time
from math import inf

# Seconds after which a write counts as stalled.
STALLED_AFTER = 2.0


class LogState:
    """When a line was last lost, and when the write under way began; there is one writer at a time."""

    def __init__(self) -> None:
        # When a line was last lost, in seconds since 1970; 0: never.
        self.last_failure = 0.0
        # Why its file could not be opened at the start, and was not opened since; empty: it is open.
        self.unopened = ""
        # Whether the last line may have been written in part: the next one begins on a new line.
        self.torn = False
        # The same by the clock that cannot be set.
        self._failed = -inf
        # When the write began that has not ended; 0: there is none.
        self._begun = 0.0

    def begin(self) -> None:
        self._begun = time.monotonic()

    def end(self) -> None:
        self._begun = 0.0

    def fail(self) -> None:
        self.last_failure, self._failed = time.time(), time.monotonic()

    def has_failed_within(self, seconds: float) -> bool:
        """Whether a line was lost within these seconds, however the host's clock was set meanwhile."""
        return time.monotonic() < self._failed + seconds

    def measure_seconds_left(self) -> float:
        """Seconds until the write counts as stalled; 0: it does."""
        return max(0.0, (self._begun or time.monotonic()) + STALLED_AFTER - time.monotonic())

    def is_stalled(self) -> bool:
        return 0 < self._begun < time.monotonic() - STALLED_AFTER


STANDARD_OUTPUT = "-"
JOURNAL = "journald"


def is_file(target: str) -> bool:
    """Whether a value of PORTERO_LOG names a file."""
    return target not in (STANDARD_OUTPUT, JOURNAL)
