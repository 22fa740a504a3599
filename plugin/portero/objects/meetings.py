"""Which containers can meet at a socket, directly or through others: members in, groups of them out."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from portero.host.member import EVERYWHERE, UNKNOWN, Member


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

    def join_nested(self, lower: Mapping[str, list[str]], upper: Mapping[str, list[str]]) -> None:
        """Who is at a place with who is at the same one, or at a folder above it."""
        for place, ids in lower.items():
            for folder in _list_around(place):
                if folder in upper:
                    self.join(ids[0], *ids[1:], *upper[folder])


def _list_around(place: str) -> Iterator[str]:
    """The place and, of a path, the folders above it."""
    yield place
    while place.startswith("/") and place != "/":
        place = place.rpartition("/")[0] or "/"
        yield place
