"""dockerd's list of containers, found by ID and by the host paths that they mount, whole or change by change."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias, overload

from portero.decide.interfaces.existing import is_host_path
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import flag, objects, text
from portero.decide.values.json_types import JSON

# A path of the host, and whether it is mounted for writing.
MountedPath: TypeAlias = tuple[str, bool]


def list_paths(container: Mapping[str, JSON]) -> Sequence[MountedPath]:
    """The host paths of a container in dockerd's list, each once."""
    mounts = ((text(mount, "Type"), text(mount, "Source"), mount) for mount in objects(container, "Mounts"))
    return [*dict.fromkeys((source, flag(mount, "RW")) for type, source, mount in mounts if is_host_path(type, source))]


@dataclass(frozen=True, slots=True, eq=False)
class ContainerList(Sequence[Mapping[str, JSON]]):
    """`by_path`: the IDs of those that mount each path. What did not change is the same object in the next list."""

    by_id: Mapping[str, Mapping[str, JSON]]
    by_path: Mapping[MountedPath, Sequence[str]]

    @classmethod
    def of(cls, listed: Iterable[Mapping[str, JSON]]) -> "ContainerList":
        """The same list where it is one."""
        if isinstance(listed, ContainerList):
            return listed
        by_id = {text(one, "Id") or str(number): one for number, one in enumerate(listed)}
        by_path = defaultdict[MountedPath, list[str]](list)
        for id, one in by_id.items():
            for path in list_paths(one):
                by_path[path].append(id)
        return cls(by_id, by_path)

    def add(self, others: Iterable[Mapping[str, JSON]]) -> "ContainerList":
        """With others that are not in it."""
        more = ContainerList.of(others)
        if not more:
            return self
        by_path = {path: (*self.by_path.get(path, ()), *ids) for path, ids in more.by_path.items()}
        return ContainerList({**self.by_id, **more.by_id}, {**self.by_path, **by_path})

    @overload
    def __getitem__(self, index: int) -> Mapping[str, JSON]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Mapping[str, JSON]]: ...
    def __getitem__(self, index: int | slice) -> Mapping[str, JSON] | Sequence[Mapping[str, JSON]]:
        return [*self.by_id.values()][index]

    def __iter__(self) -> Iterator[Mapping[str, JSON]]:
        return iter(self.by_id.values())

    def __len__(self) -> int:
        return len(self.by_id)
