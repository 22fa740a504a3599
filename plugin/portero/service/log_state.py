"""How the decision log is doing, in memory that a process shares with those that it forks.

Each process notes when it begins a write, so that the others can tell of one that does not end: it cannot itself.
"""

import mmap
import os
import time
from contextlib import suppress

# Seconds after which a write counts as stalled.
STALLED_AFTER = 2.0
# Far more than there are workers. Two processes that share a slot hide one another's stalls, nothing else.
_SLOTS = 256
_DOUBLE = 8
_FIRST = 3


class LogState:
    """When a line was last lost, and since when each process has been writing."""

    def __init__(self) -> None:
        memory = mmap.mmap(-1, _DOUBLE * (_FIRST + 2 * _SLOTS))
        # The first two numbers are the time of the last failure, by the host's clock and by the one that cannot be set;
        # then whether the last line on standard output is torn; then process and begin of its write, in turns.
        self._numbers = memoryview(memory).cast("d")
        self._slot = _FIRST

    def use_own_slot(self) -> None:
        """Called once in each process that a fork made."""
        self._slot = _find_slot(os.getpid())
        self._numbers[self._slot] = os.getpid()
        self.end()

    def begin(self) -> None:
        """A write begins."""
        self._numbers[self._slot + 1] = time.monotonic()

    def end(self) -> None:
        """The write has ended."""
        self._numbers[self._slot + 1] = 0.0

    def bury(self, process: int) -> None:
        """Another process has ended. Of the line that it was writing a part may be there."""
        slot = _find_slot(process)
        if self._numbers[slot] == process and self._numbers[slot + 1]:
            self.torn = True
            # Its number may be given to another process, whose write would seem to stall.
            self._numbers[slot + 1] = 0.0

    def fail(self) -> None:
        """A line was lost now."""
        self._numbers[0], self._numbers[1] = time.time(), time.monotonic()

    @property
    def torn(self) -> bool:
        """Whether only a part of the last line came out, by whichever process: the next one begins on a new line."""
        return self._numbers[2] != 0

    @torn.setter
    def torn(self, torn: bool) -> None:
        self._numbers[2] = float(torn)

    @property
    def last_failure(self) -> float:
        """When a line was last lost, in seconds since 1970; 0: never."""
        return self._numbers[0]

    def failed_within(self, seconds: float) -> bool:
        """Whether a line was lost so recently, however the host's clock was set meanwhile."""
        return self._numbers[0] != 0 and time.monotonic() < self._numbers[1] + seconds

    def seconds_left(self) -> float:
        """Until the write of this process counts as stalled; 0: it does."""
        return max(0.0, (self._numbers[self._slot + 1] or time.monotonic()) + STALLED_AFTER - time.monotonic())

    def count_stalled(self) -> int:
        """Processes whose write does not end."""
        before = time.monotonic() - STALLED_AFTER
        numbers = self._numbers
        return sum(
            0 < numbers[slot + 1] < before and _is_alive(numbers[slot]) for slot in range(_FIRST, len(numbers), 2)
        )


def _find_slot(process: int) -> int:
    return _FIRST + 2 * (process % _SLOTS)


def _is_alive(process: float) -> bool:
    """0 is this process, before its first fork. One that was killed has left its begin behind."""
    with suppress(PermissionError):
        try:
            os.kill(int(process), 0)
        except ProcessLookupError:
            return False
    return True
