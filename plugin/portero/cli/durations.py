"""Durations as people write them: 45m, 8h, 7d."""

import re

_WRITTEN = re.compile(r"([1-9][0-9]{0,8})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds_of(text: str) -> int | None:
    """The seconds; None for what is written otherwise."""
    written = _WRITTEN.fullmatch(text)
    return int(written[1]) * _SECONDS[written[2]] if written else None
