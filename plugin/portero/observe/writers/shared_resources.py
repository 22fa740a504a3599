"""Which containers can meet at a socket, directly or through others: members in, groups of them out.

Whether one that starts can meet another one, counts of who is where tell, kept as members change: it takes as long
among thousands of them as among two.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from portero.decide.interfaces.member import EVERYWHERE, UNKNOWN, Member
from portero.decide.values.dataclass import dataclass
from portero.decide.values.path import begin

_VOLUME, _TEMPLATE = "volume ", "{{"


class SharedResources:
    """How many members visit each resource, and how many can make a socket there. For one thread at once."""

    def __init__(self) -> None:
        self._members = 0
        self._visited, self._opened = _Counts(), _Counts()
        # Beginnings of volumes of services: swarm fills in NAME-{{.Task.Slot}}.
        self._templates = dict[str, int]()

    def change(self, before: Member | None, after: Member | None) -> None:
        """One is there as `after` says, and no more as `before` does; None: not at all."""
        if before is not None and after is not None and _list_resources(before) == _list_resources(after):
            return  # as with most starts
        for member, by in ((before, -1), (after, 1)):
            if member is not None:
                self._count(member, by)

    def has_other_for(self, one: Member, counted: Member | None) -> bool:
        """Whether it can meet another one; `counted`: as what it is among the members."""
        self.change(counted, None)
        try:
            return self._members > 0 and self._can_meet(one)
        finally:
            self.change(None, counted)

    def _count(self, member: Member, by: int) -> None:
        self._members += by
        self._visited.count(member.shares | member.held, by)
        self._opened.count(member.writes | member.held, by)
        for resource in filter(_is_template, member.shares | member.held):
            _add(self._templates, resource.partition(_TEMPLATE)[0], by)

    def _can_meet(self, one: Member) -> bool:
        resources = one.shares | one.held
        if any(resource in resources or resource in self._visited.at for resource in (EVERYWHERE, UNKNOWN)):
            return True
        if any(map(self._opened.has_nested, resources)) or any(map(self._visited.has_nested, one.writes | one.held)):
            return True
        return any(
            resource.startswith(beginning)
            for resource in resources
            for beginning in self._templates
            if _is_volume(resource)
        ) or any(
            other.startswith(resource.partition(_TEMPLATE)[0])
            for resource in resources
            if _is_template(resource)
            for other in self._visited.at
        )


class _Counts:
    """`at`: how many are at each resource; `below`: how many at resources below each folder."""

    def __init__(self) -> None:
        self.at, self.below = dict[str, int](), dict[str, int]()

    def count(self, resources: Iterable[str], by: int) -> None:
        for resource in resources:
            _add(self.at, resource, by)
            for folder in _list_above(resource):
                _add(self.below, folder, by)

    def has_nested(self, resource: str) -> bool:
        """Whether there is one at a resource, above or below it."""
        return (
            resource in self.at or resource in self.below or any(folder in self.at for folder in _list_above(resource))
        )


def _list_above(resource: str) -> Iterator[str]:
    """The folders above a path of the host; other resources have none."""
    while resource.startswith("/") and resource != "/":
        resource = resource.rpartition("/")[0] or "/"
        yield resource


def _is_volume(resource: str) -> bool:
    return resource.startswith(_VOLUME)


def _is_template(resource: str) -> bool:
    return _is_volume(resource) and _TEMPLATE in resource


def _list_resources(member: Member) -> tuple[frozenset[str], ...]:
    return member.shares, member.writes, member.held


def _add(counts: dict[str, int], resource: str, by: int) -> None:
    # A Counter's methods are Python's own, and take several times as long.
    if count := counts.get(resource, 0) + by:
        counts[resource] = count
    else:
        del counts[resource]


def group_members(members: Collection[Member]) -> list[list[Member]]:
    """In each group, one can meet the next at a resource that one of the two may write, or holds."""
    groups = _Groups([member.id for member in members])
    visited, opened = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for member in members:
        for resource in member.shares | member.held:
            visited[resource].append(member.id)
        for resource in member.writes | member.held:
            opened[resource].append(member.id)
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
        volumes = {resource: ids for resource, ids in visited.items() if _is_volume(resource)}
        beginnings = {
            resource.partition(_TEMPLATE)[0]: ids[0] for resource, ids in volumes.items() if _TEMPLATE in resource
        }
        if beginnings:
            lengths = sorted({*map(len, beginnings)})
            for resource, ids in volumes.items():
                matching = (beginnings.get(resource[:length]) for length in lengths)
                if (first := next(filter(None, matching), None)) is not None:
                    self.join(first, *ids)

    def join_nested(self, lower: Mapping[str, list[str]], upper: Mapping[str, list[str]]) -> None:
        """Who is at a resource with who is at the same one, or at a folder above it."""
        # The folders above the resource, each with one who is there; those below a linked one are all in its group. So
        # neither many resources that are nested nor long ones cost more than sorting them.
        above = list[_FolderAbove]()
        for beginning, resource in sorted((begin(resource), resource) for resource in {*lower, *upper}):
            while above and not beginning.startswith(above[-1].beginning):
                above.pop()
            if resource in lower and (above or resource in upper):
                first, *others = lower[resource]
                self.join(first, *others, *upper.get(resource, ()))
                for folder in reversed(above):
                    self.join(first, *folder.ids)
                    if folder.is_linked:
                        break
                    folder.is_linked, folder.ids = True, folder.ids[:1]
            if resource in upper:
                above.append(_FolderAbove(beginning, upper[resource]))


@dataclass(slots=True)
class _FolderAbove:
    beginning: str
    ids: Sequence[str]
    is_linked: bool = False
