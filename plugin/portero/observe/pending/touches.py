"""Which objects requests can change just now, or could since a moment: what is read meanwhile may be older than that.

A touch begins with the decision, before dockerd has the answer, and ends with that of dockerd. What dockerd shows after
the end shows what the request did.

dockerd finds the container of a copy when it has read the form that a client may send slowly: a name must not come to
mean another container meanwhile (UsedNames). It gives back a volume that exists as if it had made it.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar, get_args

from portero.decide.interfaces.effects import (
    ANY,
    BUILT,
    EVERYTHING,
    MADE,
    OF_CONTAINERS,
    OwnedUse,
    Touch,
    TouchedKind,
    Use,
    can_be_made,
)
from portero.decide.values.docker_names import may_begin_id

# Of so many it is known when they were. A GET that takes longer than these is not kept.
_MANY = 512
_Key = TypeVar("_Key")
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


class _Refs:
    """What objects of one kind are called; a question takes as long for thousands of them as for one."""

    def __init__(self, kind: TouchedKind) -> None:
        self.counts: Counter[str] = Counter()
        self._lengths: Counter[int] = Counter()
        self._are_of_containers = kind in OF_CONTAINERS

    def change(self, ref: str, by: int) -> None:
        count(self.counts, ref, by)
        if self._are_of_containers and may_begin_id(ref):
            count(self._lengths, len(ref), by)

    def concern(self, id: str, name: str) -> bool:
        """dockerd takes a container's ID, its name, and any beginning of its ID (docker-facts 7.16)."""
        if not (id or name):
            return bool(self.counts)
        return any(ref in self.counts for ref in ("", id, name, *(id[:length] for length in self._lengths)))


def count(counts: Counter[_Key], one: _Key, by: int) -> None:
    """Count so many more; what is not counted any more takes no room."""
    counts[one] += by
    if counts[one] <= 0:
        del counts[one]


class Touches:
    """Those of one daemon. Not for several threads at once: the register has the lock."""

    def __init__(self) -> None:
        self._under_way: dict[TouchedKind, _Refs] = {kind: _Refs(kind) for kind in get_args(TouchedKind)}
        self._recent = Recent[Touch](_MANY)
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
        self._recent.add(self.pass_moment(), touch)

    def pass_moment(self) -> int:
        """A new moment: what was asked for before has an earlier one."""
        self.moment += 1
        return self.moment

    def concern(self, since: int, kind: TouchedKind, id: str = "", name: str = "") -> bool:
        """Whether an object can have changed since a moment; "": any of the kind."""
        return self.find_changed(since, kind)(id, name)

    def find_changed(self, since: int, kind: TouchedKind) -> Callable[[str, str], bool]:
        """The same for many: whether one of this ID and name can have changed."""
        if since < self._recent.forgotten:
            return lambda id, name: True
        recent = _Refs(kind)
        for touch in self._recent.since(since):
            if touch.kind == kind:
                recent.change(touch.ref, 1)
        return lambda id, name: recent.concern(id, name) or self.are_under_way(kind, id, name)

    @property
    def are_under_way_for_all(self) -> bool:
        """Whether one is under way that can change everything."""
        return all(touch.ref in self._under_way[touch.kind].counts for touch in EVERYTHING.touches)

    def are_under_way(self, kind: TouchedKind, id: str = "", name: str = "") -> bool:
        return self._under_way[kind].concern(id, name)


class UsedNames:
    """`uses`: those that are counted at first."""

    def __init__(self, uses: Iterable[Use] = ()) -> None:
        self._given, self._copied = Counter[str](), Counter[str]()
        self._owned: dict[str, Counter[str]] = {}
        for use in uses:
            self.change(use, 1)

    def change(self, use: Use, by: int) -> None:
        """Count so many more of a use."""
        if isinstance(use, OwnedUse):
            for name, owner in use.owners:
                count(self._owned.setdefault(name, Counter()), owner, by)
                if not self._owned[name]:
                    del self._owned[name]
            return
        counts = self._copied if use.is_copy else self._given
        count(counts, use.name, by)
        if use.is_copy and can_be_made(use.name):
            count(counts, MADE, by)

    def clash_with(self, later: Use) -> bool:
        """Whether one would copy into a container while the other gives its name to another one, or both make a volume.

        A container with a name that dockerd made is there when something is copied to it: of creates only the later
        one clashes, and each build.
        """
        if isinstance(later, OwnedUse):
            return any(self._owned.get(name, {owner: 1}).keys() != {owner} for name, owner in later.owners)
        others = self._given if later.is_copy else self._copied
        if later.name == ANY:
            return bool(others)
        is_made = can_be_made(later.name) if later.is_copy else later.name == BUILT
        names = (later.name, ANY, BUILT if later.is_copy else MADE) if is_made else (later.name, ANY)
        return any(name in others for name in names)
