"""Times in UTC, as logs, status and reports write them, durations as people write them (45m, 8h, 7d), and retries.

What failed is tried again soon at first, then less and less often.
"""

import re
from datetime import UTC, datetime
from math import inf

import orjson

_DURATION = re.compile(r"([1-9][0-9]{0,8})([smhd])")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def format_instant(time: float) -> str:
    """A time in seconds since 1970, as the log and the status write it: UTC, cut to milliseconds."""
    instant = datetime.fromtimestamp(time, UTC)
    # Half the price of isoformat; in quotes, with the offset of UTC, and without a fraction that is 0.
    written = orjson.dumps(instant)[1:24].decode()
    return f"{written}Z" if instant.microsecond else f"{written[:19]}.000Z"


def format_second(time: float) -> str:
    """The same, cut to seconds."""
    return f"{format_instant(time).partition('.')[0]}Z"


def parse_duration(text: str) -> int | None:
    """The seconds; None for what is written otherwise."""
    match = _DURATION.fullmatch(text)
    return int(match[1]) * _UNIT_SECONDS[match[2]] if match else None


# Seconds.
_FIRST, _MAX_SECONDS = 1.0, 60.0


class Retry:
    """Times are those of time.monotonic()."""

    def __init__(self) -> None:
        self._pause, self._due = _FIRST, inf

    def fail(self, now: float) -> None:
        """It has failed: it is due after a pause, twice as long as the one before."""
        self._due = now + self._pause
        self._pause = min(2 * self._pause, _MAX_SECONDS)

    def succeed(self) -> None:
        self._pause, self._due = _FIRST, inf

    def is_waiting(self, now: float) -> bool:
        return now < self._due < inf

    def is_due(self, now: float) -> bool:
        return now >= self._due
