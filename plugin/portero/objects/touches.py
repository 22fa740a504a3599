"""Which objects requests can change just now, or could since a moment: what is read meanwhile may be older than that.

A touch begins with the decision, before dockerd is told, and ends with the answer. What was asked of dockerd after the
end shows what the request did.
"""

from collections import Counter, deque
from collections.abc import Iterable

from portero.objects.changes import EVERYTHING, Touch, TouchedKind

# Of so many it is known when they were. A GET that takes longer than these is not kept.
_MANY = 512


class Touches:
    """Those of one daemon. Not for several threads at once: its picture has the lock."""

    def __init__(self) -> None:
        self._under_way: Counter[Touch] = Counter()
        self._recent: deque[tuple[int, Touch]] = deque(maxlen=_MANY)
        self.moment = 0

    def begin(self, touches: Iterable[Touch]) -> None:
        for touch in touches:
            self._under_way[touch] += 1
            self.note(touch)

    def end(self, touches: Iterable[Touch]) -> None:
        for touch in touches:
            self._under_way[touch] -= 1
            if self._under_way[touch] <= 0:
                del self._under_way[touch]
            self.note(touch)

    def note(self, touch: Touch) -> None:
        """One that had no answer to wait for, such as an event."""
        self.moment += 1
        self._recent.append((self.moment, touch))

    def concern(self, since: int, kind: TouchedKind, id: str = "", name: str = "") -> bool:
        """Whether an object can have changed since a moment; "": any of the kind."""
        if self.moment - since >= _MANY or self.are_under_way(kind, id, name):
            return True
        for moment, touch in reversed(self._recent):
            if moment <= since:
                return False
            if _concerns(touch, kind, id, name):
                return True
        return False

    @property
    def are_under_way_for_all(self) -> bool:
        """Whether one is under way that can change everything."""
        return all(touch in self._under_way for touch in EVERYTHING.touches)

    def are_under_way(self, kind: TouchedKind, id: str = "", name: str = "") -> bool:
        return any(_concerns(touch, kind, id, name) for touch in self._under_way)


def _concerns(touch: Touch, kind: TouchedKind, id: str, name: str) -> bool:
    return touch.concerns(kind, id, name) if id or name else touch.kind == kind
