"""Which of some files and folders a path opens: those at or below it, and those that it lies in."""

from collections.abc import Callable, Iterable, Iterator

from portero.host.path import is_within


class Surroundings:
    """`names`: files and folders; each counts by its name and by its path after links, which `follow` gives.

    `inside=False`: what is below one of them does not count.
    """

    def __init__(self, names: Iterable[str], follow: Callable[[str], str], *, inside: bool = True) -> None:
        self._places = tuple(dict.fromkeys(place for name in names for place in (name, follow(name))))
        # Most paths open none of them: one search of a text, and one comparison, prove that (as in protected.py).
        self._lines = "".join(f"\n{place}/" for place in self._places)
        self._beginnings = tuple("/" if place == "/" else f"{place}/" for place in self._places) if inside else ()

    def find(self, *paths: str) -> tuple[str, ...]:
        """Those that one of these cleaned absolute paths opens, sorted."""
        found = [place for path in paths if self._may_open(path) for place in self._list_opened(path)]
        return tuple(sorted({*found})) if found else ()

    def _may_open(self, path: str) -> bool:
        return path == "/" or f"\n{path}/" in self._lines or f"{path}/".startswith(self._beginnings)

    def _list_opened(self, path: str) -> Iterator[str]:
        inside = bool(self._beginnings)
        return (place for place in self._places if is_within(place, path) or (inside and is_within(path, place)))
