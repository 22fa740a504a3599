"""Reads the lines of a long decision log; those that differ only in id, time and duration are decoded once."""

import re

from portero.decision import LOG_VERSION
from portero.report.logged import Logged, read

# A line as Portero writes it: all between its time and how long it took is often that of an earlier line.
_LINE = re.compile(
    rb'\{"version":%d,"id":"(?P<id>[0-9a-z-]{1,40})","time":"(?P<time>[0-9T:.Z-]{1,40})",'
    rb'(?P<rest>.*),"microseconds":(?P<microseconds>0|[1-9][0-9]{0,11})\}\n?' % LOG_VERSION,
    re.DOTALL,
)
# Names that would stand twice in a line; an escape can hide one.
_OWN_NAMES = re.compile(rb'\\|"(?:version|id|time|microseconds)"')
_MOST_KEPT, _LONGEST_KEPT = 4096, 4096


class DecisionReader:
    """Reads the lines of one log. What it keeps of earlier lines is bounded."""

    def __init__(self) -> None:
        self._known: dict[bytes, Logged] = {}

    def read(self, line: bytes) -> Logged:
        """The decision in a line; raises NoDecision."""
        match = _LINE.fullmatch(line)
        if match is None:
            return read(line)
        rest = match["rest"]
        known = self._known.get(rest)
        if known is not None:
            return known.repeat(match["id"].decode(), match["time"].decode(), int(match["microseconds"]))
        found = read(line)
        if len(rest) <= _LONGEST_KEPT and _OWN_NAMES.search(rest) is None:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            self._known[rest] = found
        return found
