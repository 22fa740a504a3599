"""The register of what is under way at one daemon: allowed requests, until answers and lists show what became of them.

Two requests at once are in none of dockerd's lists yet. Each sees what was entered before it, and what is entered while
it is judged counts before its own is: of two that must not both pass, the later one sees the first. Nothing but their
contents links a request to its answer; those of equal requests are the same for each of them.
"""

import threading
import time
from collections.abc import Collection, Iterable

from portero.decide.interfaces.effects import ANY, Effects, NameUse, Source, Use
from portero.decide.values.dataclass import dataclass, field
from portero.observe.pending.touches import Recent, Touches, UsedNames
from portero.observe.pending.unanswered import UNANSWERED_SECONDS, AllowedRequest, Unanswered

# So many with sources or uses that came or went last are known, and of so many containers that were made before.
_MANY_RECENT, _MANY_ENDED = 1024, 1024
# While more are being created, dockerd's list is to be asked for, which tells which of them are needed no more.
_MANY_CREATING = 128
# So many use names at most, and so many are late.
_MOST_USES, _MOST_LATE = 1 << 16, 1024
_ANY_GIVEN = NameUse(ANY, is_copy=False)


class UnderWay:
    """`lock`: held by who calls it, but for what takes it; the picture has it, too: what a request can change is
    forgotten as it is entered.

    There is one number, which all that comes, goes and changes raises: `touches.moment`.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.touches = Touches()
        self.unanswered = Unanswered()
        # Those whose sources and uses others must see, by decision, in the same order.
        self._creating: dict[str, AllowedRequest] = {}
        self._answered: dict[str, None] = {}  # of these: a list tells
        self._using: dict[str, AllowedRequest] = {}
        self._names, self._late, self._late_count = UsedNames(), UsedNames(), 0
        self._came, self._went = Recent[AllowedRequest](_MANY_RECENT), Recent[AllowedRequest](_MANY_RECENT)
        # The last containers that were made by requests which this process did not allow.
        self.ended: dict[str, None] = {}

    @property
    def number(self) -> int:
        return self.touches.moment

    def at(self) -> "RequestPending":
        """What one request sees, which asks dockerd after this."""
        return RequestPending(self, self.number)

    # -- what comes

    def find_newer(self, effects: Effects, since: int) -> list[Source] | None:
        """The sources that came since, with which those of a request must go; None: it does not go with what came."""
        if not effects.sources and not effects.uses:
            return []
        # Of more than are known some may have been made meanwhile.
        if since < max(self._came.forgotten, self._went.forgotten):
            return None
        newer = [*self._came.since(since)]
        if not newer and len(self._using) < _MOST_USES:
            return []
        names = UsedNames(use for one in newer for use in one.uses)
        is_full = len(self._using) >= _MOST_USES
        if any(names.clash_with(use) or (is_full and not _is_given(use)) for use in effects.uses):
            return None
        return [source for one in newer for source in one.sources] if effects.sources else []

    def enter(self, id: str, effects: Effects) -> AllowedRequest:
        """Have others see an allowed request, by the ID of its decision."""
        one = AllowedRequest(id, effects.change, effects.sources, effects.uses)
        if one.uses and len(self._using) < _MOST_USES:
            self._using[id] = one
            for use in one.uses:
                self._names.change(use, 1)
        elif one.uses:
            # As long as the daemon runs, any name may be given.
            self._names.change(_ANY_GIVEN, 1)
        if one.sources:
            self._creating[id] = one
        if one.sources or one.uses:
            self._came.add(self.touches.pass_moment(), one)
        return one

    # -- what goes

    def end_uses(self, id: str, *, is_late: bool = False) -> None:
        """dockerd answered the request of this decision, or it is not waited for any more.

        dockerd may still make the new container of one that is late, however long that takes: so its name counts as
        long as the daemon runs.
        """
        if (one := self._using.pop(id, None)) is None:
            return
        self._went.add(self.touches.pass_moment(), AllowedRequest(id, one.change, uses=one.uses))
        for use in one.uses:
            self._names.change(use, -1)
            if is_late and isinstance(use, NameUse):
                self._late_count += 1
                self._late.change(use if self._late_count <= _MOST_LATE else _ANY_GIVEN, 1)

    def settle(self, id: str, *, is_settled: bool) -> None:
        """dockerd answered: lists that are asked for from now on show what it made, if anything.

        Not `is_settled`: the answer does not say so, and such a list tells.
        """
        with self.lock:
            self.end_uses(id)
            if is_settled:
                self.note_listed([id])
            elif id in self._creating:
                self._answered[id] = None

    def note_ended(self, made: str) -> None:
        """A container was made whose creation began before this process did."""
        with self.lock:
            self.ended[made] = None
            if len(self.ended) > _MANY_ENDED:
                del self.ended[next(iter(self.ended))]

    # -- what lists tell

    @property
    def are_many(self) -> bool:
        """Whether dockerd's list is to be asked for, which tells which of them are needed no more."""
        return len(self._creating) > _MANY_CREATING

    def find_doubtful(self) -> frozenset[str]:
        """Those of which a list tells that is asked for now."""
        late = time.monotonic() - UNANSWERED_SECONDS
        with self.lock:
            doubtful = {*self._answered}
            for id, one in self._creating.items():
                if one.since >= late:
                    break
                doubtful.add(id)
            return frozenset(doubtful)

    def note_listed(self, doubtful: Iterable[str]) -> None:
        """Such a list came: what was made is in it."""
        with self.lock:
            for id in doubtful:
                if (one := self._creating.pop(id, None)) is not None:
                    self._answered.pop(id, None)
                    self._went.add(self.touches.pass_moment(), AllowedRequest(id, one.change, one.sources))


@dataclass(slots=True)
class RequestPending:
    """As one request sees it (Pending of decide/interfaces/effects.py): all under way at `number`, or since."""

    _all: UnderWay
    number: int
    _dropped: set[str] = field(default_factory=set)

    @property
    def others(self) -> list[Source]:
        with self._all.lock:
            seen = (*self._all._creating.values(), *self._all._went.since(self.number))
        return [*dict.fromkeys(source for one in seen if one.id not in self._dropped for source in one.sources)]

    @property
    def ended(self) -> Collection[str]:
        return self._all.ended

    def may_give(self, name: str) -> bool:
        with self._all.lock:
            return self._all._late.clash_with(NameUse(name, is_copy=True))

    def allows(self, use: Use) -> bool:
        with self._all.lock:
            gone = [each for one in self._all._went.since(self.number) for each in one.uses]
            return not (self._all._names.clash_with(use) or (gone != [] and UsedNames(gone).clash_with(use)))

    def drop(self, doubtful: Iterable[str]) -> None:
        """A list came that tells of these, and was asked for by this request."""
        self._dropped.update(doubtful)


def _is_given(use: Use) -> bool:
    return isinstance(use, NameUse) and not use.is_copy
