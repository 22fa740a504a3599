"""Which objects requests can change just now, or could since a moment: what is read meanwhile may be older than that.

A touch begins with the decision, before dockerd has the answer, and ends with that of dockerd. What dockerd shows after
the end shows what the request did.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import TypeVar, get_args

from portero.decide.interfaces.effects import EVERYTHING, OF_CONTAINERS, Touch, TouchedKind
from portero.decide.values.docker_names import may_begin_id

# Of so many it is known when they were. A GET that takes longer than these is not kept.
_MANY = 512
_Key = TypeVar("_Key", str, int)


class _Refs:
    """What objects of one kind are called; a question takes as long for thousands of them as for one."""

    def __init__(self, kind: TouchedKind) -> None:
        self.counts: Counter[str] = Counter()
        self._lengths: Counter[int] = Counter()
        self._are_of_containers = kind in OF_CONTAINERS

    def change(self, ref: str, by: int) -> None:
        _count(self.counts, ref, by)
        if self._are_of_containers and may_begin_id(ref):
            _count(self._lengths, len(ref), by)

    def concern(self, id: str, name: str) -> bool:
        """dockerd takes a container's ID, its name, and any beginning of its ID (docker-facts 7.16)."""
        if not (id or name):
            return bool(self.counts)
        return any(ref in self.counts for ref in ("", id, name, *(id[:length] for length in self._lengths)))


def _count(counts: Counter[_Key], one: _Key, by: int) -> None:
    counts[one] += by
    if counts[one] <= 0:
        del counts[one]


class Touches:
    """Those of one daemon. Not for several threads at once: its picture has the lock."""

    def __init__(self) -> None:
        self._under_way: dict[TouchedKind, _Refs] = {kind: _Refs(kind) for kind in get_args(TouchedKind)}
        self._recent: deque[tuple[int, Touch]] = deque()
        self._forgotten = 0  # the moment of the last one that is not among these any more
        self.moment = 0

    def begin(self, touches: Iterable[Touch]) -> None:
        for touch in touches:
            self._under_way[touch.kind].change(touch.ref, 1)
            self.note(touch)

    def end(self, touches: Iterable[Touch]) -> None:
        for touch in touches:
            self._under_way[touch.kind].change(touch.ref, -1)
            self.note(touch)

    def note(self, touch: Touch) -> None:
        """One that had no answer to wait for, such as an event."""
        self._recent.append((self.pass_moment(), touch))
        if len(self._recent) > _MANY:
            self._forgotten = self._recent.popleft()[0]

    def pass_moment(self) -> int:
        """A new moment: what was asked for before has an earlier one."""
        self.moment += 1
        return self.moment

    def concern(self, since: int, kind: TouchedKind, id: str = "", name: str = "") -> bool:
        """Whether an object can have changed since a moment; "": any of the kind."""
        return self.find_changed(since, kind)(id, name)

    def find_changed(self, since: int, kind: TouchedKind) -> Callable[[str, str], bool]:
        """The same for many: whether one of this ID and name can have changed."""
        if since < self._forgotten:
            return lambda id, name: True
        recent = _Refs(kind)
        for moment, touch in reversed(self._recent):
            if moment <= since:
                break
            if touch.kind == kind:
                recent.change(touch.ref, 1)
        return lambda id, name: recent.concern(id, name) or self.are_under_way(kind, id, name)

    @property
    def are_under_way_for_all(self) -> bool:
        """Whether one is under way that can change everything."""
        return all(touch.ref in self._under_way[touch.kind].counts for touch in EVERYTHING.touches)

    def are_under_way(self, kind: TouchedKind, id: str = "", name: str = "") -> bool:
        return self._under_way[kind].concern(id, name)
