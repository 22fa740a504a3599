"""Which sensitive and protected paths are links: a walk of this moment in, the paths that lead elsewhere out.

The paths are many, and hardly ever a link: what was found is kept as long as their ways are what they were.
"""

from collections.abc import Iterable, Mapping

from portero.host.protected import Inside
from portero.host.sensitive import HOMES, SENSITIVE
from portero.host.symlinks import HostWalk
from portero.host.ways import Ways

_USUAL = (*SENSITIVE, *HOMES)
_INSIDE_USUAL = Inside(_USUAL)


class KnownLinks:
    """`protected`: paths beside the sensitive ones."""

    def __init__(self, protected: Iterable[str]) -> None:
        self._protected = frozenset(protected)
        self._paths = sorted(self._protected.union(_USUAL))
        # One attribute, so that threads never see the ways of one reading beside the links of another.
        self._kept: tuple[Ways, Mapping[str, str]] | None = None

    def find(self, walk: HostWalk) -> Mapping[str, str]:
        """The paths that lead elsewhere: path -> path after links. Raises OSError where they cannot be read."""
        kept = self._kept
        if kept is not None and (ways := kept[0].take_again(walk)) is not None:
            if ways is not kept[0]:
                self._kept = ways, kept[1]
            return kept[1]
        reals = {path: real for path in self._paths if (real := walk.resolve_or_keep(path)) != path}
        # What lies at a sensitive place is judged by that place's own name; nothing speaks for a protected one.
        links = {path: real for path, real in reals.items() if path in self._protected or not _INSIDE_USUAL.find(real)}
        self._kept = Ways.note(walk, self._paths), links
        return links
