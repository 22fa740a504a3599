"""Names of containers that allowed requests copy to, or give to containers, until dockerd has answered them.

dockerd finds the container of a copy when it has read the form that a client may send slowly: a name must not come to
mean another container meanwhile. Of two requests at once that do not go together, the later one sees the first.
"""

import threading
from collections import deque
from collections.abc import Set
from itertools import takewhile

from portero.decide.interfaces.pending_requests import ANY, NameUse
from portero.decide.values.dataclass import dataclass

# So many that began last are known, and so many are under way at most.
_MANY, _MOST = 1024, 1 << 16
_ANY_GIVEN = NameUse(ANY, is_copy=False)


class NamesUnderWay:
    """Those of one daemon."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._number = 0
        self._by_id: dict[str, NameUse] = {}
        self._late = frozenset[NameUse]()
        self._latest = deque[tuple[int, NameUse]](maxlen=_MANY)

    def at(self) -> "RequestNames":
        """Those that one request sees, which asks dockerd after this."""
        with self._lock:
            return RequestNames(self, self._number, frozenset(self._by_id.values()), self._late)

    def add(self, id: str, use: NameUse, since: int) -> bool:
        """Add one; False: one that it does not go with was added since."""
        with self._lock:
            newer = [other for _, other in takewhile(lambda one: one[0] > since, reversed(self._latest))]
            if self._number - since > _MANY or any(map(use.clashes_with, newer)):
                return False
            if len(self._by_id) >= _MOST and id not in self._by_id:
                # As long as the daemon runs, any name may be given.
                self._by_id[""] = _ANY_GIVEN
                return not use.is_copy
            self._number += 1
            self._latest.append((self._number, use))
            self._by_id[id] = use
            return True

    def has(self, id: str) -> bool:
        """Whether the request of this decision uses one."""
        return id in self._by_id

    def end(self, id: str) -> None:
        """dockerd answered the request of this decision, or it was refused at last."""
        with self._lock:
            self._by_id.pop(id, None)

    def note_late(self, id: str) -> None:
        """It is not waited for any more: a new container that has its name since then, and is not there yet.

        dockerd may still make it, however long that takes; so its name counts as long as the daemon runs.
        """
        with self._lock:
            if (use := self._by_id.pop(id, None)) is not None:
                self._late = self._late | {use} if len(self._late) < _MANY else frozenset({_ANY_GIVEN})


@dataclass(frozen=True, slots=True)
class RequestNames:
    """As one request sees them (NamesInUse of decide/interfaces/member.py)."""

    _under_way: NamesUnderWay
    _number: int
    _others: Set[NameUse]
    _late: Set[NameUse]

    def may_give(self, name: str) -> bool:
        copied = NameUse(name, is_copy=True)
        return any(late.clashes_with(copied) for late in self._late)

    def allows(self, use: NameUse) -> bool:
        return not any(map(use.clashes_with, self._others))

    def add(self, id: str, use: NameUse) -> bool:
        return self._under_way.add(id, use, self._number)
