"""Which of some files and folders a path opens: those at or below it, and those that it lies in."""

from collections.abc import Callable, Iterable, Iterator

from portero.host.path import is_within
from portero.host.protected import Below, Inside


class Surroundings:
    """`names`: files and folders; each counts by its name and by its path after links, which `follow` gives.

    `inside=False`: what is below one of them does not count.
    """

    def __init__(self, names: Iterable[str], follow: Callable[[str], str], *, inside: bool = True) -> None:
        self._places = tuple(dict.fromkeys(place for name in names for place in (name, follow(name))))
        self._below = Below(self._places)
        self._inside = Inside(self._places) if inside else None

    def find(self, *paths: str) -> tuple[str, ...]:
        """Those that one of these cleaned absolute paths opens, sorted."""
        found = [place for path in paths if self.may_open(path) for place in self._list_opened(path)]
        return tuple(sorted({*found})) if found else ()

    def may_open(self, path: str) -> bool:
        """Whether a path may open one of them; False: it opens none. Most do not, which two comparisons prove."""
        return self._below.has(path) or (self._inside is not None and self._inside.has(path))

    def _list_opened(self, path: str) -> Iterator[str]:
        return (
            place
            for place in self._places
            if is_within(place, path) or (self._inside is not None and is_within(path, place))
        )
