"""Which of some files and folders a path opens: those at or below it, and those that it lies in."""

from collections.abc import Callable, Iterable

from portero.host.path import begin
from portero.host.protected import Below, Inside


class Surroundings:
    """`names`: files and folders; each counts by its name and by its path after links, which `follow` gives.

    `inside=False`: what is below one of them does not count.
    """

    def __init__(self, names: Iterable[str], follow: Callable[[str], str], *, inside: bool = True) -> None:
        places = tuple(dict.fromkeys(place for name in names for place in (name, follow(name))))
        self._places = tuple((place, begin(place)) for place in places)
        self._below = Below(places)
        self._inside = Inside(places) if inside else None

    def find(self, *paths: str) -> tuple[str, ...]:
        """Those that one of these cleaned absolute paths opens, sorted."""
        paths = tuple(begin(path) for path in paths if self.may_open(path))
        return tuple(sorted(place for place, at in self._places if self._opens(paths, at))) if paths else ()

    def may_open(self, path: str) -> bool:
        """Whether a path may open one of them; False: it opens none. Most do not, which two comparisons prove."""
        return self._below.has(path) or (self._inside is not None and self._inside.has(path))

    def _opens(self, paths: tuple[str, ...], at: str) -> bool:
        """Whether one of these paths opens a place; all by how what is in them begins."""
        return at.startswith(paths) or (self._inside is not None and any(path.startswith(at) for path in paths))
