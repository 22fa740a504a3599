"""The places that no container may open, after links: names and a walk of this moment in, Places out.

They are made anew when a link on the way to one of them is not what it was.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from portero.host.asking_daemon import AskingDaemon
from portero.host.daemon_places import USUAL_DATA, DaemonPlaces
from portero.host.protected import Guarded, Inside
from portero.host.surroundings import Surroundings
from portero.host.symlinks import HostWalk
from portero.host.ways import Ways, list_links

# Daemons of one host.
_MOST_KEPT = 8

# The daemon that asks, those that run beside it, and names that are protected besides the usual ones.
_Asking: TypeAlias = tuple[AskingDaemon | None, tuple[AskingDaemon, ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Places:
    """`guarded`: sockets and Portero's own files. `own`: these files with all below them.

    `programs` and `logs`: what no container may write; `links`: those on the way to them and to things of dockerds.
    `daemons`: files and data of dockerds. `all`: these together.
    """

    guarded: Guarded
    own: Inside
    programs: Surroundings
    logs: Surroundings
    links: Surroundings
    daemons: DaemonPlaces
    all: Surroundings


@dataclass(frozen=True, slots=True)
class _Kept:
    asking: _Asking
    ways: Ways
    places: Places


class KnownPlaces:
    """`sockets`: those of daemons; `own`, `programs` and `logs` as in HostFiles."""

    def __init__(
        self, sockets: Iterable[str], own: Iterable[str], programs: Iterable[str], logs: Iterable[str]
    ) -> None:
        self._sockets = tuple(sockets)
        self._own = tuple(own)
        self._programs = tuple(programs)
        self._logs = tuple(logs)
        self._kept: tuple[_Kept, ...] = ()

    def find(
        self,
        walk: HostWalk | None,
        asking: AskingDaemon | None,
        others: tuple[AskingDaemon, ...],
        sockets: tuple[str, ...],
    ) -> Places:
        """The places as one walk finds them; None: only names can be compared. Raises OSError where it fails.

        `others`: daemons beside the one that asks. `sockets`: more names to protect.
        """
        by_whom = (asking, others, sockets)
        if walk is None:
            return self._make(str, lambda name: (), by_whom)
        kept = next((kept for kept in self._kept if kept.asking == by_whom), None)
        if kept is not None and (ways := kept.ways.take_again(walk)) is not None:
            if ways is not kept.ways:
                self._keep(replace(kept, ways=ways))
            return kept.places
        followed: list[str] = []

        def follow(name: str) -> str:
            followed.append(name)
            return walk.resolve_or_keep(name)

        places = self._make(follow, partial(list_links, walk), by_whom)
        self._keep(_Kept(by_whom, Ways.note(walk, followed), places))
        return places

    def _make(
        self, follow: Callable[[str], str], list_passed: Callable[[str], Iterable[str]], by_whom: _Asking
    ) -> Places:
        asking, others, sockets = by_whom
        reals: dict[str, str] = {}

        def note(name: str) -> str:
            reals[name] = real = follow(name)
            return real

        def find_links(names: Iterable[str]) -> tuple[str, ...]:
            """Those on the ways to paths."""
            links = tuple(dict.fromkeys(link for name in names for link in list_passed(name)))
            for link in links:
                reals.setdefault(link, link)
            return links

        own = {name: note(name) for name in self._own}
        passed = {link: link for link in find_links(self._own)}
        daemons = [*([asking] if asking else []), *others]
        used = [path for daemon in daemons for path in (*daemon.files, *daemon.data, *daemon.programs)]
        return Places(
            Guarded({name: note(name) for name in (*self._sockets, *sockets)} | passed | own),
            Inside(place for names in own.items() for place in names),
            Surroundings(self._programs, note),
            Surroundings(self._logs, note, inside=False),
            Surroundings(find_links([*self._programs, *self._logs, *USUAL_DATA, *used]), str, inside=False),
            DaemonPlaces(daemons, note),
            Surroundings(reals, reals.__getitem__),
        )

    def _keep(self, new: _Kept) -> None:
        others = [kept for kept in self._kept if kept.asking != new.asking]
        # A new tuple each time, so that no thread sees it half changed.
        self._kept = (*others[1 - _MOST_KEPT :], new)
