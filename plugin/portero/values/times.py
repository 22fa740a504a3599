"""Times as people and machines read them: in UTC, as logs, status and reports write them.

Durations as people write them: 45m, 8h, 7d.
"""

import re
from datetime import UTC, datetime


def instant(time: float) -> str:
    """A time in seconds since 1970, as the log and the status write it: UTC, cut to milliseconds."""
    # Whole seconds and their fraction apart: a float of both, or a product, rounds.
    seconds = int(time)
    microseconds = round((time - seconds) * 1_000_000)
    if microseconds == 1_000_000:
        seconds, microseconds = seconds + 1, 0
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{microseconds // 1000:03d}Z"


def second(time: float) -> str:
    """The same, cut to seconds."""
    return f"{instant(time).partition('.')[0]}Z"


_WRITTEN = re.compile(r"([1-9][0-9]{0,8})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds_of(text: str) -> int | None:
    """The seconds; None for what is written otherwise."""
    written = _WRITTEN.fullmatch(text)
    return int(written[1]) * _SECONDS[written[2]] if written else None
