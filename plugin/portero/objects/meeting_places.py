"""Whether a container that starts can meet another one at a socket: counts of who is where, kept as members change.

It takes as long among thousands of them as among two. Who meets whom through others meetings.py says.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from portero.host.member import EVERYWHERE, UNKNOWN, Member

_VOLUME, _TEMPLATE = "volume ", "{{"


class MeetingPlaces:
    """How many members visit each place, and how many can make a socket there. For one thread at once."""

    def __init__(self) -> None:
        self._members = 0
        self._visited, self._opened = _PlaceCounts(), _PlaceCounts()
        # Beginnings of volumes of services: swarm fills in NAME-{{.Task.Slot}}.
        self._templates = Counter[str]()

    def change(self, before: Member | None, after: Member | None) -> None:
        """One is there as `after` says, and no more as `before` does; None: not at all."""
        for member, by in ((before, -1), (after, 1)):
            if member is not None:
                self._count(member, by)

    def has_other_for(self, one: Member, counted: Member | None) -> bool:
        """Whether it can meet another one; `counted`: as what it is among the members."""
        self.change(counted, None)
        try:
            return self._members > 0 and self._meets(one)
        finally:
            self.change(None, counted)

    def _count(self, member: Member, by: int) -> None:
        self._members += by
        self._visited.count(member.shares | member.held, by)
        self._opened.count(member.writes | member.held, by)
        for place in filter(_is_template, member.shares | member.held):
            _add(self._templates, place.partition(_TEMPLATE)[0], by)

    def _meets(self, one: Member) -> bool:
        places = one.shares | one.held
        if any(place in places or place in self._visited.at for place in (EVERYWHERE, UNKNOWN)):
            return True
        if any(map(self._opened.has_near, places)) or any(map(self._visited.has_near, one.writes | one.held)):
            return True
        return any(
            place.startswith(beginning) for place in places for beginning in self._templates if _is_volume(place)
        ) or any(
            other.startswith(place.partition(_TEMPLATE)[0])
            for place in places
            if _is_template(place)
            for other in self._visited.at
        )


class _PlaceCounts:
    """`at`: how many are at each place; `below`: how many at places below each folder."""

    def __init__(self) -> None:
        self.at, self.below = Counter[str](), Counter[str]()

    def count(self, places: Iterable[str], by: int) -> None:
        for place in places:
            _add(self.at, place, by)
            for folder in _list_above(place):
                _add(self.below, folder, by)

    def has_near(self, place: str) -> bool:
        """Whether there is one at a place, above or below it."""
        return place in self.at or place in self.below or any(folder in self.at for folder in _list_above(place))


def _list_above(place: str) -> Iterator[str]:
    """The folders above a path of the host; other places have none."""
    while place.startswith("/") and place != "/":
        place = place.rpartition("/")[0] or "/"
        yield place


def _is_volume(place: str) -> bool:
    return place.startswith(_VOLUME)


def _is_template(place: str) -> bool:
    return _is_volume(place) and _TEMPLATE in place


def _add(counts: Counter[str], place: str, by: int) -> None:
    counts[place] += by
    if not counts[place]:
        del counts[place]
