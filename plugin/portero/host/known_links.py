"""Which sensitive and protected paths are links: a walk of this moment in, the paths that lead elsewhere out.

A path leads to where its links end, and through each link on its way that lies elsewhere.

The paths are many, and hardly ever a link: what was found is kept as long as their ways are what they were.
"""

from collections.abc import Iterable
from typing import TypeAlias

from portero.host.path import is_within
from portero.host.protected import Inside
from portero.host.sensitive import HOMES, SENSITIVE
from portero.host.symlinks import HostWalk
from portero.host.ways import Ways, list_links

_USUAL = (*SENSITIVE, *HOMES)
_INSIDE_USUAL = Inside(_USUAL)

Pairs: TypeAlias = tuple[tuple[str, str], ...]


class KnownLinks:
    """`protected`: paths beside the sensitive ones."""

    def __init__(self, protected: Iterable[str]) -> None:
        self._protected = frozenset(protected)
        self._paths = sorted(self._protected.union(_USUAL))
        # One attribute, so that threads never see the ways of one reading beside the links of another.
        self._kept: tuple[Ways, Pairs] | None = None

    def find(self, walk: HostWalk) -> Pairs:
        """The paths that lead elsewhere, each with the path after links or a link on its way. Raises OSError."""
        kept = self._kept
        if kept is not None and (ways := kept[0].take_again(walk)) is not None:
            if ways is not kept[0]:
                self._kept = ways, kept[1]
            return kept[1]
        reals = [(path, real) for path in self._paths if (real := walk.resolve_or_keep(path)) != path]
        passed = ((path, link) for path, _ in reals for link in list_links(walk, path) if not is_within(path, link))
        # What lies at a sensitive place is judged by that place's own name; nothing speaks for a protected one.
        links = tuple(
            (path, real) for path, real in (*reals, *passed) if path in self._protected or not _INSIDE_USUAL.find(real)
        )
        self._kept = Ways.note(walk, self._paths), links
        return links
