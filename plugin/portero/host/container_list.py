"""dockerd's list of containers, found by ID and by the host paths that they mount, whole or change by change."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, overload

from portero.values.json_fields import flag, objects, text
from portero.values.json_types import JSON

_NOT_OF_THE_HOST = frozenset({"tmpfs", "image", "npipe"})
# Where HostConfig says whose namespaces a container has.
NAMESPACES = ("NetworkMode", "PidMode", "IpcMode")
# A path of the host, and whether it is mounted for writing.
MountedPath: TypeAlias = tuple[str, bool]


def list_paths(container: Mapping[str, JSON]) -> Iterator[tuple[int, MountedPath]]:
    """The host paths of a container in dockerd's list, each with its place among the mounts.

    What a volume opens is mounted at its folder.
    """
    for index, mount in enumerate(objects(container, "Mounts")):
        if text(mount, "Type") not in _NOT_OF_THE_HOST and text(mount, "Source").startswith("/"):
            yield index, (text(mount, "Source"), flag(mount, "RW"))


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
            for path in dict.fromkeys(path for _, path in list_paths(one)):
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


class ContainerIndex:
    """A list followed change by change: a question takes as long among thousands of them as among two.

    `others`: the IDs of those of which it is not known. Not for several threads at once: the picture has the lock.
    """

    def __init__(self) -> None:
        self.others: dict[str, None] = {}
        self._by_id: dict[str, Mapping[str, JSON]] = {}
        self._by_path: dict[MountedPath, tuple[str, ...]] = {}
        self._list: ContainerList | None = None

    def list_all(self) -> ContainerList:
        """Those of which it is known; the same list while nothing changes."""
        if self._list is None:
            self._list = ContainerList({**self._by_id}, {**self._by_path})
        return self._list

    def find_state(self, id: str) -> str | None:
        return text(self._by_id[id], "State") if id in self._by_id else None

    def note(self, id: str, listed: Mapping[str, JSON] | None) -> None:
        """What the list shows of one; None: it is not known."""
        if (before := self._by_id.get(id)) is not None and before == listed:
            return
        self._change(id, before, listed)
        if listed is None:
            self.others[id] = None
        else:
            self.others.pop(id, None)

    def remove(self, id: str) -> None:
        """It is gone."""
        self._change(id, self._by_id.get(id), None)
        self.others.pop(id, None)

    def _change(self, id: str, before: Mapping[str, JSON] | None, after: Mapping[str, JSON] | None) -> None:
        # First of all, since dockerd may show what cannot be read.
        paths = _find_paths(after)
        if before is not None:
            for path in _find_paths(before):
                ids = tuple(each for each in self._by_path.pop(path) if each != id)
                self._by_path |= {path: ids} if ids else {}
            del self._by_id[id]
        if after is not None:
            self._by_id[id] = after
            for path in paths:
                self._by_path[path] = (*self._by_path.get(path, ()), id)
        if before is not None or after is not None:
            self._list = None


def _find_paths(listed: Mapping[str, JSON] | None) -> Sequence[MountedPath]:
    return [*dict.fromkeys(path for _, path in list_paths(listed))] if listed else []
