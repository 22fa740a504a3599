"""The register of what is under way at one daemon: allowed requests, until answers and lists show what became of them.

Two requests at once are in none of dockerd's lists yet. Each sees what was entered before it, and what is entered while
it is judged counts before its own is: of two that must not both pass, the later one sees the first.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from portero.decide.interfaces.effects import Effects
from portero.decide.interfaces.pending_requests import ANY, NameUse, Source, Use, VolumeUse
from portero.decide.values.dataclass import dataclass, field
from portero.observe.pending.used_names import UsedNames

# An answer may never come, although the request is executed: one that copies an image's files into a volume takes long.
UNANSWERED_SECONDS = 60.0
# So many that came or went last are known, and of so many containers that were made before.
_MANY, _MANY_ENDED = 1024, 1024
# While more are being created, dockerd's list is to be asked for, which tells which of them are needed no more.
_MANY_CREATING = 128
# So many use names at most, and so many are late.
_MOST_USES, _MOST_LATE = 1 << 16, 1024
_ANY_GIVEN = NameUse(ANY, is_copy=False)
_One = TypeVar("_One")


class Recent(Generic[_One]):
    """Those that came last, by their numbers. `forgotten`: the number of the last one that is not among them."""

    def __init__(self, most: int) -> None:
        self._all, self._most, self.forgotten = deque[tuple[int, _One]](), most, 0

    def add(self, number: int, one: _One) -> None:
        self._all.append((number, one))
        if len(self._all) > self._most:
            self.forgotten = self._all.popleft()[0]

    def since(self, number: int) -> Iterator[_One]:
        """The last one first."""
        for each, one in reversed(self._all):
            if each <= number:
                return
            yield one


@dataclass(slots=True, eq=False)
class _Entry:
    """One request. `sources`, `uses`: as in Effects, as long as others must see them."""

    id: str
    sources: tuple[Source, ...]
    uses: tuple[Use, ...]
    since: float = field(default_factory=time.monotonic)
    has_ended: bool = False


class UnderWay:
    """Threads may call it at once. `number`: how much has come and gone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.number = 0
        # By the ID of the decision; those with sources came in this order.
        self._creating: dict[str, _Entry] = {}
        self._using: dict[str, _Entry] = {}
        self._ended_creating: dict[str, None] = {}
        self._names, self._late = UsedNames(), UsedNames()
        self._late_count = 0
        self._came, self._went = Recent[_Entry](_MANY), Recent[_Entry](_MANY)
        # The last containers that were made by requests which this process did not allow.
        self.ended: dict[str, None] = {}

    def at(self) -> "RequestPending":
        """What one request sees, which asks dockerd after this."""
        return RequestPending(self, self.number)

    @property
    def are_many(self) -> bool:
        """Whether dockerd's list is to be asked for, which tells which of them are needed no more."""
        return len(self._creating) > _MANY_CREATING

    def enter(self, id: str, effects: Effects, agree: Callable[[Sequence[Source]], bool]) -> bool:
        """Have others see an allowed request, by the ID of its decision.

        False, and nothing is entered: it does not go with what came since it was judged. `agree`: whether its sources
        go with these.
        """
        if not effects.sources and not effects.uses:
            return True
        since = effects.number
        while True:
            with self._lock:
                # Of more than are known some may have been made meanwhile.
                if since < max(self._came.forgotten, self._went.forgotten):
                    return False
                newer = [*self._came.since(since)]
                names = UsedNames(use for one in newer for use in one.uses)
                if any(map(names.clash_with, effects.uses)):
                    return False
                sources = [source for one in newer for source in one.sources] if effects.sources else []
                if not sources:
                    return self._enter(_Entry(id, effects.sources, effects.uses))
                since = self.number
            if not agree(sources):
                return False

    def _enter(self, one: _Entry) -> bool:
        if one.uses and len(self._using) < _MOST_USES:
            self._using[one.id] = one
            for use in one.uses:
                self._names.change(use, 1)
        elif one.uses:
            # As long as the daemon runs, any name may be given.
            self._names.change(_ANY_GIVEN, 1)
            if any(isinstance(use, VolumeUse) or use.is_copy for use in one.uses):
                return False
        if one.sources:
            self._creating[one.id] = one
        self.number += 1
        self._came.add(self.number, one)
        return True

    def has_uses(self, id: str) -> bool:
        """Whether the request of this decision uses a name, of a container or a volume."""
        return id in self._using

    def end_uses(self, id: str, *, is_late: bool = False) -> None:
        """dockerd answered the request of this decision, or it is not waited for any more.

        dockerd may still make the new container of one that is late, however long that takes: so its name counts as
        long as the daemon runs.
        """
        with self._lock:
            if (one := self._using.pop(id, None)) is None:
                return
            self._go(_Entry(id, (), one.uses))
            for use in one.uses:
                self._names.change(use, -1)
                if is_late and isinstance(use, NameUse):
                    self._late_count += 1
                    self._late.change(use if self._late_count <= _MOST_LATE else _ANY_GIVEN, 1)

    def note_made(self, id: str) -> None:
        """The answer says that it is there: lists that are asked for from now on have it."""
        with self._lock:
            self._drop([id])

    def note_answered(self, id: str) -> None:
        """The answer does not say so. A list that is asked for from now on tells."""
        with self._lock:
            if id in self._creating:
                self._ended_creating[id] = None

    def note_ended(self, made: str) -> None:
        """A container was made whose creation began before this process did."""
        with self._lock:
            self.ended[made] = None
            if len(self.ended) > _MANY_ENDED:
                del self.ended[next(iter(self.ended))]

    def withdraw(self, id: str) -> None:
        """It is refused at last."""
        self.note_made(id)
        self.end_uses(id)

    def find_doubtful(self) -> frozenset[str]:
        """Those of which a list tells that is asked for now."""
        late = time.monotonic() - UNANSWERED_SECONDS
        with self._lock:
            doubtful = {*self._ended_creating}
            for id, one in self._creating.items():
                if one.since >= late:
                    break
                doubtful.add(id)
            return frozenset(doubtful)

    def note_listed(self, doubtful: Iterable[str]) -> None:
        """Such a list came: what was made is in it."""
        with self._lock:
            self._drop(doubtful)

    def _drop(self, ids: Iterable[str]) -> None:
        for id in ids:
            if (one := self._creating.pop(id, None)) is not None:
                self._ended_creating.pop(id, None)
                self._go(_Entry(id, one.sources, ()))

    def _go(self, one: _Entry) -> None:
        self.number += 1
        self._went.add(self.number, one)

    def list_sources(self, since: int, dropped: set[str]) -> list[Source]:
        """Those that were under way at a number, or are since; without those of these decisions."""
        with self._lock:
            seen = (*self._creating.values(), *self._went.since(since))
        return [*dict.fromkeys(source for one in seen if one.id not in dropped for source in one.sources)]

    def has_clash(self, use: Use, since: int) -> bool:
        """Whether a use does not go with one that was under way at a number, or is since."""
        with self._lock:
            gone = UsedNames(use for one in self._went.since(since) for use in one.uses)
            return self._names.clash_with(use) or gone.clash_with(use)

    def may_give(self, name: str) -> bool:
        """See Pending."""
        with self._lock:
            return self._late.clash_with(NameUse(name, is_copy=True))


@dataclass(slots=True)
class RequestPending:
    """As one request sees it (Pending of decide/interfaces/pending_requests.py)."""

    _under_way: UnderWay
    number: int
    _dropped: set[str] = field(default_factory=set)

    @property
    def others(self) -> list[Source]:
        return self._under_way.list_sources(self.number, self._dropped)

    @property
    def ended(self) -> Collection[str]:
        return self._under_way.ended

    def may_give(self, name: str) -> bool:
        return self._under_way.may_give(name)

    def allows(self, use: Use) -> bool:
        return not self._under_way.has_clash(use, self.number)

    def drop(self, doubtful: Iterable[str]) -> None:
        """A list came that tells of these, and was asked for by this request."""
        self._dropped.update(doubtful)
