"""Whether the master still looks after the policy and its workers, in memory that it shares with them.

It reads policy folders, so a file system that does not answer makes it stand still. It cannot tell: the workers do.
"""

import mmap
import time


class Pulse:
    """Made before the workers, which inherit it."""

    def __init__(self) -> None:
        self._beaten_at = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("d")
        # The master may stand still before it beats for the first time.
        self.beat()

    def beat(self) -> None:
        """In the master, each second or more often."""
        self._beaten_at[0] = time.monotonic()

    def silent_for(self) -> float:
        """The seconds since the last beat; before the first one since it was made."""
        return time.monotonic() - self._beaten_at[0]
