"""Names of containers that allowed requests copy to, or give to containers, and of volumes that they make.

Each is known until dockerd has answered. It finds the container of a copy when it has read the form that a client may
send slowly: a name must not come to mean another container meanwhile; and it gives back a volume that exists as if it
had made it. Of two requests at once that do not go together, the later one sees the first.
"""

import threading
from collections import deque
from collections.abc import Set
from itertools import takewhile
from typing import Generic, TypeVar

from portero.decide.interfaces.pending_requests import ANY, NameUse, VolumeUse
from portero.decide.values.dataclass import dataclass

# So many that began last are known, and so many are under way at most.
_MANY, _MOST = 1024, 1 << 16
_ANY_GIVEN = NameUse(ANY, is_copy=False)
_Use = TypeVar("_Use", NameUse, VolumeUse)


@dataclass(frozen=True, slots=True)
class _RequestUses(Generic[_Use]):
    """As one request sees them (UsesUnderWay of decide/interfaces/pending_requests.py)."""

    _under_way: "_Uses[_Use]"
    _number: int
    _others: Set[_Use]

    def allows(self, use: _Use) -> bool:
        return not any(map(use.clashes_with, self._others))

    def add(self, id: str, use: _Use) -> bool:
        return self._under_way.add(id, use, self._number)


@dataclass(frozen=True, slots=True)
class RequestNames(_RequestUses[NameUse]):
    """The same, as NamesInUse."""

    _late: Set[NameUse]

    def may_give(self, name: str) -> bool:
        copied = NameUse(name, is_copy=True)
        return any(late.clashes_with(copied) for late in self._late)


class _Uses(Generic[_Use]):
    """Those of one daemon."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._number = 0
        self._by_id: dict[str, _Use] = {}
        self._latest: deque[tuple[int, _Use]] = deque(maxlen=_MANY)

    def add(self, id: str, use: _Use, since: int) -> bool:
        """Add one; False: one that it does not go with was added since."""
        with self._lock:
            newer = [other for _, other in takewhile(lambda one: one[0] > since, reversed(self._latest))]
            if self._number - since > _MANY or any(map(use.clashes_with, newer)):
                return False
            if len(self._by_id) >= _MOST and id not in self._by_id:
                return self._goes_uncounted(use)
            self._number += 1
            self._latest.append((self._number, use))
            self._by_id[id] = use
            return True

    def _goes_uncounted(self, use: _Use) -> bool:
        """Whether it may pass although there is no room for it."""
        return False

    def has(self, id: str) -> bool:
        """Whether the request of this decision uses one."""
        return id in self._by_id

    def end(self, id: str) -> None:
        """dockerd answered the request of this decision, or it was refused at last, or is not waited for any more."""
        with self._lock:
            self._by_id.pop(id, None)


class VolumesUnderWay(_Uses[VolumeUse]):
    """Of one daemon, the volumes that requests make."""

    def at(self) -> _RequestUses[VolumeUse]:
        """Those that one request sees, which asks dockerd after this."""
        with self._lock:
            return _RequestUses(self, self._number, frozenset(self._by_id.values()))


class NamesUnderWay(_Uses[NameUse]):
    """Of one daemon, the names of containers that requests use."""

    def __init__(self) -> None:
        super().__init__()
        self._late = frozenset[NameUse]()

    def at(self) -> RequestNames:
        """Those that one request sees, which asks dockerd after this."""
        with self._lock:
            return RequestNames(self, self._number, frozenset(self._by_id.values()), self._late)

    def _goes_uncounted(self, use: NameUse) -> bool:
        # As long as the daemon runs, any name may be given.
        self._by_id[""] = _ANY_GIVEN
        return not use.is_copy

    def note_late(self, id: str) -> None:
        """It is not waited for any more: a new container that has its name since then, and is not there yet.

        dockerd may still make it, however long that takes; so its name counts as long as the daemon runs.
        """
        with self._lock:
            if (use := self._by_id.pop(id, None)) is not None:
                self._late = self._late | {use} if len(self._late) < _MANY else frozenset({_ANY_GIVEN})
