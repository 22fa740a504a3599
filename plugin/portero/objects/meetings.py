"""Which containers can meet at a socket, directly or through others: members in, groups of them out."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from portero.files.path import begin
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
        volumes = {place: ids for place, ids in visited.items() if place.startswith("volume ")}
        beginnings = {place.partition("{{")[0]: ids[0] for place, ids in volumes.items() if "{{" in place}
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
