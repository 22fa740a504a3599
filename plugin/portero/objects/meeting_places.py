"""Which containers can meet at a socket, directly or through others: members in, groups of them out.

Whether one that starts can meet another one, counts of who is where tell, kept as members change: it takes as long
among thousands of them as among two.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from portero.files.path import begin
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


def group_members(members: Collection[Member]) -> list[list[Member]]:
    """In each group, one can meet the next at a place that one of the two may write, or holds."""
    groups = _Groups([member.id for member in members])
    visited, opened = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for member in members:
        for place in member.shares | member.held:
            visited[place].append(member.id)
        for place in member.writes | member.held:
            opened[place].append(member.id)
    groups.join_nested(visited, opened)
    groups.join_nested(opened, visited)
    for id in (*visited.get(EVERYWHERE, ()), *visited.get(UNKNOWN, ())):
        groups.join(id, *(member.id for member in members))
    groups.join_templates(visited)
    joined = defaultdict[str, list[Member]](list)
    for member in members:
        joined[groups.find_first(member.id)].append(member)
    return [*joined.values()]


class _Groups:
    """Groups of IDs, each alone at first; the first of each group stands for it."""

    def __init__(self, ids: Collection[str]) -> None:
        self._before = {id: id for id in ids}

    def find_first(self, id: str) -> str:
        while (before := self._before[id]) != id:
            self._before[id] = id = self._before[before]
        return id

    def join(self, one: str, *others: str) -> None:
        for other in others:
            self._before[self.find_first(other)] = self.find_first(one)

    def join_templates(self, visited: Mapping[str, list[str]]) -> None:
        """Who is at a volume of a service with who is at one that it can be: swarm fills in NAME-{{.Task.Slot}}."""
        volumes = {place: ids for place, ids in visited.items() if _is_volume(place)}
        beginnings = {place.partition(_TEMPLATE)[0]: ids[0] for place, ids in volumes.items() if _TEMPLATE in place}
        if beginnings:
            lengths = sorted({*map(len, beginnings)})
            for place, ids in volumes.items():
                known = (beginnings.get(place[:length]) for length in lengths)
                if (first := next(filter(None, known), None)) is not None:
                    self.join(first, *ids)

    def join_nested(self, lower: Mapping[str, list[str]], upper: Mapping[str, list[str]]) -> None:
        """Who is at a place with who is at the same one, or at a folder above it."""
        # The folders above the place, each with one who is there; those below a linked one are all in its group. So
        # neither many places that are nested nor long ones cost more than sorting them.
        above = list[_FolderAbove]()
        for beginning, place in sorted((begin(place), place) for place in {*lower, *upper}):
            while above and not beginning.startswith(above[-1].beginning):
                above.pop()
            if place in lower and (above or place in upper):
                first, *others = lower[place]
                self.join(first, *others, *upper.get(place, ()))
                for folder in reversed(above):
                    self.join(first, *folder.ids)
                    if folder.is_linked:
                        break
                    folder.is_linked, folder.ids = True, folder.ids[:1]
            if place in upper:
                above.append(_FolderAbove(beginning, upper[place]))


@dataclass(slots=True)
class _FolderAbove:
    beginning: str
    ids: Sequence[str]
    is_linked: bool = False
