"""Makes what shows something smaller, as long as it still shows it."""

from collections.abc import Callable, Iterator
from typing import TypeVar

_T = TypeVar("_T")


def shrink(best: _T, smaller: Callable[[_T], Iterator[_T]], shows: Callable[[_T], bool], tries: int) -> _T:
    """The last of the `smaller` ones that still `shows` it, after so many tries at most."""
    candidates = smaller(best)
    while tries and (candidate := next(candidates, None)) is not None:
        tries -= 1
        if shows(candidate):
            best, candidates = candidate, smaller(candidate)
    return best
