"""Which of some files and folders a path opens: those at or below it, and those that it lies in."""

from collections.abc import Callable, Iterable

from portero.host.path import is_within


class Surroundings:
    """`names`: files and folders; each counts by its name and by its path after links, which `follow` gives.

    `inside=False`: what is below one of them does not count.
    """

    def __init__(self, names: Iterable[str], follow: Callable[[str], str], *, inside: bool = True) -> None:
        self._places = tuple(dict.fromkeys(place for name in names for place in (name, follow(name))))
        self._inside = inside

    def find(self, *paths: str) -> tuple[str, ...]:
        """Those that one of these cleaned absolute paths opens, sorted."""
        found = {
            place
            for place in self._places
            for path in paths
            if is_within(place, path) or (self._inside and is_within(path, place))
        }
        return tuple(sorted(found))
