"""dockerd's list of containers, followed change by change."""

from collections.abc import Mapping, Sequence

from portero.decide.interfaces.existing import ContainerList, MountedPath, list_paths
from portero.decide.values.json_fields import JSON, text


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
    return list_paths(listed) if listed else []
