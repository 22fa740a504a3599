"""The containers of a picture, found by ID, name and beginning of an ID as dockerd finds them (docker-facts 7.16).

It is not for several threads at once: the picture has the lock.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from portero.decide.interfaces.effects import OF_CONTAINERS, Touch, TouchedKind
from portero.decide.interfaces.existing import ContainerList
from portero.decide.objects.changes import MAX_NAME
from portero.decide.values.dataclass import dataclass
from portero.decide.values.docker_names import is_id, may_begin_id
from portero.decide.values.json_fields import JSON, text, texts
from portero.observe.lookups.cached_facts import is_settled, list_fields, shorten_listed
from portero.observe.lookups.container_index import ContainerIndex
from portero.observe.pending.touches import Touches

# No user can make a container whose ID begins with so many given characters.
_SURE = 12
_MANY_UNNAMED = 64
_BEHIND = "g"  # the character behind the last one of an ID
MAX_OBJECTS, _MAX_TOTAL = 20_000, 64 << 20


@dataclass(slots=True)
class _CachedContainer:
    """`facts`: None: not cached. `made`: the moment when it was cached; a list that was asked for before may lack it.

    `is_settled`: another start changes no fact.
    """

    made: int
    name: str = ""
    is_settled: bool = False
    facts: bytes | None = None


class ContainerCache:
    """`touches`: what requests change; what can have changed since it was asked for is not kept."""

    def __init__(self, touches: Touches) -> None:
        self._touches = touches
        self._by_id: dict[str, _CachedContainer] = {}
        self._names: dict[str, str] = {}
        self._sorted: list[str] = []
        # Those whose name is not cached, or can have changed.
        self._unnamed: set[str] = set()
        self._listed = ContainerIndex()
        self._bytes = 0
        # The moment when one was turned away, since there are too many.
        self._cut: int | None = None
        # Those to be read again, and whether dockerd's list is.
        self._unread: dict[str, None] = {}
        self.needs_list = False

    def add(self, id: str, name: str = "") -> None:
        """There is one of this ID, of which no more is cached than perhaps a name."""
        if (cached := self._by_id.get(id)) is not None:
            cached.made = self._touches.pass_moment()
        elif self._make(id):
            self._touches.note(Touch("container", id))
            if name and len(name) <= MAX_NAME:
                self._rename(id, name)

    def remove(self, id: str) -> None:
        """It is gone, although a list that was asked for before has it."""
        self._touches.note(Touch("container", id))
        self._drop(id)

    def list_named(self, touches: Iterable[Touch]) -> Iterator[Touch]:
        """The same of the IDs of those that have these names, or can have them."""
        for touch in touches:
            if touch.kind not in OF_CONTAINERS or not touch.ref or is_id(touch.ref):
                continue
            if (id := self._names.get(touch.ref)) is not None:
                yield Touch(touch.kind, id)
            elif len(self._unnamed) > _MANY_UNNAMED:
                yield Touch(touch.kind)
            else:
                yield from (Touch(touch.kind, each) for each in self._unnamed)

    def forget(self, touch: Touch) -> None:
        """What this touch can change is not cached any more; of all of them dockerd's list tells."""
        for id in self._list_meant(touch.ref):
            only_state = touch.kind == "state" or (touch.kind == "start" and self._by_id[id].is_settled)
            self._forget_one(id, only_state=only_state, is_read_again=bool(touch.ref))
        self.needs_list |= not touch.ref

    @property
    def has_unread(self) -> bool:
        return bool(self._unread)

    def pop_unread(self) -> str | None:
        """None: there is none, or a request can change it just now, whose answer will have it read."""
        id = self._unread.popitem()[0] if self._unread else None
        return None if id is None or self.are_under_way([id]) else id

    def note_inspected(self, ref: str, shown: Mapping[str, JSON] | None, facts: bytes | None, moment: int) -> None:
        """`facts`: of what is shown, encoded; None: they are not kept."""
        if shown is None:
            if is_id(ref):
                self.remove(ref)
            return
        id, name = text(shown, "Id"), text(shown, "Name").removeprefix("/")
        changed = self._find_changed(moment)
        if is_id(id) and self._note(id, name, list_fields(shown), changed):
            cached = self._by_id[id]
            cached.is_settled = is_settled(shown)
            self._keep(cached, facts if cached.is_settled or not changed["start"](id, name) else None)

    def note_list(self, listed: Sequence[Mapping[str, JSON]], moment: int) -> None:
        """All that there were when dockerd was asked, after a moment."""
        self.needs_list = False
        seen, changed = {text(one, "Id"): one for one in listed}, self._find_changed(moment)
        if self._cut is not None and self._cut <= moment:
            self._cut = None
        for id in self._by_id.keys() - seen.keys():
            cached = self._by_id[id]
            if cached.made <= moment and not changed["container"](id, cached.name):
                self._drop(id)
        for id, one in seen.items():
            # A name with a slash inside is what another container calls it by a link.
            names = (name.removeprefix("/") for name in texts(one, "Names"))
            self._note(id, next((name for name in names if "/" not in name), ""), one, changed)

    def list_all(self) -> tuple[ContainerList, list[str]] | None:
        """Those that are cached, as in dockerd's list, and the IDs of the others; None: there are too many."""
        return None if self._is_cut else (self._listed.list_all(), [*self._listed.others])

    def find(self, ref: str, *, are_all: bool) -> tuple[str, bytes, str] | None:
        """ID, encoded facts and state. `are_all`: there are no others; a name comes before the beginning of an ID."""
        id = ref if ref in self._by_id else self._names.get(ref)
        if id is None:
            # Who has this name can be among those whose name is not cached.
            is_sure = are_all and not self._is_cut and not self._unnamed and len(ref) >= _SURE
            begun = self._list_begun(ref) if is_sure else ()
            if len(begun) != 1:
                return None
            (id,) = begun
        cached = self._by_id[id]
        if self._touches.are_under_way("container", id, ref):
            return None
        if not cached.is_settled and self._touches.are_under_way("start", id, ref):
            return None
        if cached.facts is None:
            return None
        # Of a state that is not cached: one that may have run before.
        return id, cached.facts, "exited" if (state := self._listed.find_state(id)) is None else state

    @property
    def _is_cut(self) -> bool:
        """Whether there can be more than are cached."""
        return self._cut is not None or len(self._by_id) >= MAX_OBJECTS

    def are_under_way(self, ids: Iterable[str]) -> bool:
        """Whether a request can change one of these just now."""
        names = [(id, self._by_id[id].name) for id in ids if id in self._by_id]
        return any(self._touches.are_under_way(kind, id, name) for id, name in names for kind in OF_CONTAINERS)

    def _find_changed(self, moment: int) -> Mapping[TouchedKind, Callable[[str, str], bool]]:
        return {kind: self._touches.find_changed(moment, kind) for kind in OF_CONTAINERS}

    def _note(
        self, id: str, name: str, listed: Mapping[str, JSON], changed: Mapping[TouchedKind, Callable[[str, str], bool]]
    ) -> bool:
        """Note a name and a state that cannot have changed since; False: the name can, or there are too many."""
        if id not in self._by_id and not self._make(id):
            return False
        cached = self._by_id[id]
        if not 0 < len(name) <= MAX_NAME or any(changed["container"](id, each) for each in {name, cached.name}):
            return False
        self._rename(id, name)
        if not changed["state"](id, name):
            self._listed.note(id, shorten_listed(listed))
        return True

    def _drop(self, id: str) -> None:
        if (cached := self._by_id.pop(id, None)) is None:
            return
        self._keep(cached, None)
        self._listed.remove(id)
        self._unread.pop(id, None)
        self._unnamed.discard(id)
        if self._names.get(cached.name) == id:
            del self._names[cached.name]
        del self._sorted[bisect_left(self._sorted, id)]

    def _make(self, id: str) -> bool:
        """False: there are too many."""
        made = self._touches.pass_moment()
        if len(self._by_id) >= MAX_OBJECTS:
            self._cut = made
            return False
        self._by_id[id] = _CachedContainer(made)
        self._listed.note(id, None)
        insort(self._sorted, id)
        self._unnamed.add(id)
        self._unread[id] = None
        return True

    def _rename(self, id: str, name: str) -> None:
        cached = self._by_id[id]
        self._unnamed.discard(id)
        if cached.name == name:
            return
        if self._names.get(cached.name) == id:
            del self._names[cached.name]
        if (other := self._names.get(name)) is not None:
            # Two never have one name: that one is gone, or has another one.
            self._by_id[other].name = ""
            self._forget_one(other)
        cached.name, self._names[name] = name, id

    def _keep(self, cached: _CachedContainer, facts: bytes | None) -> None:
        if facts is not None and self._bytes + len(facts) > _MAX_TOTAL:
            facts = None
        self._bytes += len(facts or b"") - len(cached.facts or b"")
        cached.facts = facts

    def _list_meant(self, ref: str) -> list[str]:
        if not ref:
            return [*self._by_id]
        ids = [id for id in (ref, self._names.get(ref, "")) if id in self._by_id]
        return [*ids, *self._list_begun(ref)]

    def _list_begun(self, ref: str) -> Sequence[str]:
        """Those whose ID begins so."""
        if not may_begin_id(ref):
            return ()
        return self._sorted[bisect_left(self._sorted, ref) : bisect_left(self._sorted, ref + _BEHIND)]

    def _forget_one(self, id: str, *, only_state: bool = False, is_read_again: bool = True) -> None:
        cached = self._by_id[id]
        self._listed.note(id, None)
        if is_read_again:
            self._unread[id] = None
        if not only_state:
            self._keep(cached, None)
            self._unnamed.add(id)
