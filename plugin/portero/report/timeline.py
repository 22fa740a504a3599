"""Counts over time in a bounded number of steps: the longer the time, the longer each step."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

MAX_STEPS = 96
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_WIDTHS = (_MINUTE, 5 * _MINUTE, 15 * _MINUTE, _HOUR, 3 * _HOUR, 12 * _HOUR, _DAY, 7 * _DAY, 28 * _DAY)
_WORDS = ("minute", "5 minutes", "15 minutes", "hour", "3 hours", "12 hours", "day", "week", "4 weeks")


@dataclass(frozen=True, slots=True)
class Step:
    """What was counted from `start` on, seconds since 1970, by outcome."""

    start: int
    counts: Counter[str]


class Timeline:
    """Counts outcomes by their time, in the shortest steps that are not too many."""

    def __init__(self) -> None:
        self.width = _WIDTHS[0]
        self._counts: dict[int, Counter[str]] = {}
        self._first = self._last = 0

    @property
    def words(self) -> str:
        """How long a step is, in words."""
        return _WORDS[_WIDTHS.index(self.width)] if self.width in _WIDTHS else f"{self.width // _DAY} days"

    def add(self, time: float, outcome: str) -> None:
        """Count one."""
        step = int(time // self.width)
        if not self._counts:
            self._first = self._last = step
        self._first, self._last = min(self._first, step), max(self._last, step)
        if step not in self._counts:
            self._counts[step] = Counter()
        self._counts[step][outcome] += 1
        while self._last - self._first >= MAX_STEPS:
            self._widen()

    def steps(self) -> Iterator[Step]:
        """Every step from the first to the last, those without anything too."""
        for step in range(self._first, self._last + 1) if self._counts else ():
            yield Step(step * self.width, self._counts.get(step, Counter()))

    def _widen(self) -> None:
        wider = next((width for width in _WIDTHS if width > self.width), 2 * self.width)
        counts: dict[int, Counter[str]] = {}
        for step, counted in self._counts.items():
            counts.setdefault(step * self.width // wider, Counter()).update(counted)
        self._counts, self.width = counts, wider
        self._first, self._last = (min(counts), max(counts)) if counts else (0, 0)
