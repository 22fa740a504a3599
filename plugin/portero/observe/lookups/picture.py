"""The picture of one daemon: what is known of its objects without asking. Facts as dockerd showed them, no judgement.

An object is certain from a GET that began after the last request that can have changed it had its answer. Everything
else is not known here, and is asked of dockerd. It may hold what is gone already, and never lacks what there is: it
allows, and a refusal is made by dockerd's own answers (judge.py).
"""

from collections.abc import Iterable, Mapping, Sequence

from portero.decide.interfaces.daemon import ObjectKind
from portero.decide.interfaces.effects import EVERYTHING, OF_CONTAINERS, Touch, TouchedKind
from portero.decide.interfaces.existing import ContainerList
from portero.decide.values.docker_names import is_id
from portero.decide.values.json_fields import JSON, child, text
from portero.observe.lookups.cached_facts import FactsCode
from portero.observe.lookups.container_cache import MAX_OBJECTS, ContainerCache
from portero.observe.pending.unanswered import note_clock
from portero.observe.pending.under_way import UnderWay

_TOUCHED: Mapping[ObjectKind, Sequence[TouchedKind]] = {
    "container": ("container", "state"),
    "volume": ("volume",),
    "network": ("network",),
}


class Picture:
    """Threads may call it at once. It answers while `is_followed`: while dockerd's events come.

    `under_way`: the requests that change it. It has their lock: as one is entered, what it can change is forgotten.
    """

    def __init__(self, under_way: UnderWay | None = None) -> None:
        under_way = under_way or UnderWay()
        self._lock, self._touches = under_way.lock, under_way.touches
        self._code = FactsCode()
        self._anew = 0  # the moment when it last began
        self.is_followed = False
        self._clear()

    def _clear(self) -> None:
        self._containers = ContainerCache(self._touches)
        self._others: dict[tuple[ObjectKind, str], bytes] = {}
        self._networks: Sequence[Mapping[str, JSON]] | None = None
        # In a swarm others make tasks and networks.
        self._is_swarm = True
        self.is_whole = False

    # -- what requests and events say

    def begin(self, touches: Sequence[Touch]) -> Sequence[Touch]:
        """A request is allowed that can change these; with what their names mean now, whatever it is called later."""
        with self._lock:
            begun = (*touches, *self._containers.list_named(touches))
            self._touches.begin(begun)
            self._forget(touches)
        return begun

    def end(self, touches: Iterable[Touch]) -> None:
        """It had its answer, or has none to wait for any more."""
        with self._lock:
            self._touches.end(touches)
            self._forget(touches)

    def note_touch(self, *touches: Touch) -> None:
        """These can have changed a moment ago."""
        with self._lock:
            for touch in touches:
                self._touches.note(touch)
            self._forget(touches)

    def note_made(self, id: str, name: str = "") -> None:
        """There is a container of this ID, and perhaps this name, made a moment ago."""
        note_clock()
        with self._lock:
            self._containers.add(id, name)

    def note_removed(self, id: str) -> None:
        """A container is gone; nothing has its ID again."""
        with self._lock:
            self._containers.remove(id)

    def follow(self) -> None:
        """Events come from now on. What was asked for until now is not kept."""
        self.forget_all()
        self.is_followed = True

    def forget_all(self) -> None:
        """Begin anew: what was asked for until now is not kept."""
        with self._lock:
            self._forget(EVERYTHING.touches)

    # -- what dockerd answers

    @property
    def anew(self) -> int:
        """The moment when it last began."""
        return self._anew

    @property
    def moment(self) -> int:
        """To be read before dockerd is asked."""
        return self._touches.moment

    def note_inspected(self, kind: ObjectKind, ref: str, shown: Mapping[str, JSON] | None, moment: int) -> None:
        """What docker inspect shows of an object, asked for after a moment; None: there is none."""
        facts = None if shown is None else self._code.encode(kind, shown)
        with self._lock:
            if kind == "container":
                self._containers.note_inspected(ref, shown, facts, moment)
            elif shown is not None and facts is not None and self._may_keep(kind, ref, shown, moment):
                self._others = self._others if len(self._others) < MAX_OBJECTS // 10 else {}
                self._others[kind, ref] = facts

    def note_containers(self, listed: Sequence[Mapping[str, JSON]], moment: int) -> None:
        """dockerd's list of all containers, asked for after a moment."""
        with self._lock:
            self._containers.note_list(listed, moment)
            self.is_whole = not self._is_swarm and moment >= self._anew

    def note_networks(self, listed: Sequence[Mapping[str, JSON]], moment: int) -> None:
        with self._lock:
            if not self._is_swarm and not self._touches.concern(moment, "network"):
                self._networks = listed

    def note_swarm(self, moment: int, *, is_swarm: bool) -> None:
        """Whether the daemon is in a swarm, asked for after a moment."""
        with self._lock:
            self._is_swarm = is_swarm or moment < self._anew

    # -- what is known

    def find(self, kind: ObjectKind, ref: str) -> Mapping[str, JSON] | None:
        """What docker inspect would show, as far as it is kept; None: it is not known."""
        with self._lock:
            if not self._is_sure:
                return None
            cached = self._containers.find(ref, are_all=self.is_whole) if kind == "container" else None
            facts = cached[1] if cached else self._others.get((kind, ref))
        if facts is None:
            return None
        inspected = self._code.decode(facts)
        return inspected if cached is None else {**inspected, "State": {"Status": cached[2]}}

    def identify(self, ref: str) -> tuple[str, int] | None:
        """The container that this means, and the moment when it did; None: it is not known."""
        with self._lock:
            cached = self._containers.find(ref, are_all=self.is_whole) if self._is_sure else None
            return None if cached is None else (cached[0], self.moment)

    def note_exec(self, id: str, container: str, ref: str, moment: int, process: Mapping[str, JSON]) -> bool:
        """An exec was made in what a name meant at a moment; False: it can be another container by now."""
        with self._lock:
            cached = self._containers.find(container, are_all=self.is_whole) if self._is_sure else None
            if cached is None or self._touches.concern(moment, "container", container, ref):
                return False
        user = text(process, "user") or text(child(self._code.decode(cached[1]), "Config"), "User")
        shown: Mapping[str, JSON] = {"ID": id, "ContainerID": container, "ProcessConfig": {**process, "user": user}}
        self.note_inspected("exec", id, shown, self.moment)
        return True

    def list_containers(self) -> tuple[ContainerList, list[str]] | None:
        """Those that are known, as in dockerd's list, and the IDs of others; None: there can be more."""
        with self._lock:
            return self._containers.list_all() if self.is_whole and self._is_sure else None

    def are_under_way(self, ids: Iterable[str]) -> bool:
        """Whether a request can change one of these containers just now: while it starts, it does not answer."""
        with self._lock:
            return self._containers.are_under_way(ids)

    def list_networks(self) -> Sequence[Mapping[str, JSON]] | None:
        with self._lock:
            return self._networks if self._is_sure else None

    def has_no_services(self) -> bool:
        with self._lock:
            return self._is_sure and not self._is_swarm

    def list_others(self) -> list[tuple[ObjectKind, str]]:
        """Kinds and names of what is known beside containers, and can change."""
        with self._lock:
            return [(kind, ref) for kind, ref in self._others if kind != "exec"]

    def may_differ(self, kind: ObjectKind, id: str, moment: int) -> bool:
        """Whether an object can have changed since a moment; an exec never does."""
        kinds: Sequence[TouchedKind] = _TOUCHED.get(kind, ())
        with self._lock:
            return any(self._touches.concern(moment, each, id) for each in kinds)

    @property
    def needs_list(self) -> bool:
        """Whether dockerd's list is to be read again."""
        return self._containers.needs_list and not self._is_swarm

    @property
    def has_unread(self) -> bool:
        return self._containers.has_unread

    def pop_unread(self) -> str | None:
        """A container that is to be read again; None: there is none, or not now."""
        with self._lock:
            return self._containers.pop_unread()

    # -- with the lock

    @property
    def _is_sure(self) -> bool:
        return self.is_followed and not self._touches.are_under_way_for_all

    def _may_keep(self, kind: ObjectKind, ref: str, shown: Mapping[str, JSON], moment: int) -> bool:
        if kind == "network":
            # Others make networks of a swarm, and it changes these; a local one stays what it is, by its ID.
            is_same = (shown.get("Scope"), shown.get("Id")) == ("local", ref)
            return (is_same or not self._is_swarm) and not self._touches.concern(moment, kind)
        if kind == "volume":
            # What is behind another driver's volume only its driver knows; one without a name goes with its container.
            lasts = shown.get("Driver") == "local" and not is_id(ref)
            return lasts and not self._touches.concern(moment, kind, ref)
        return kind == "exec"

    def _forget(self, touches: Iterable[Touch]) -> None:
        if touches == EVERYTHING.touches:
            for touch in touches:
                self._touches.note(touch)
            self._anew = self._touches.moment
            self._clear()
            return
        for touch in touches:
            if touch.kind in OF_CONTAINERS:
                self._containers.forget(touch)
                continue
            for key in [key for key in self._others if key[0] == touch.kind and touch.ref in ("", key[1])]:
                del self._others[key]
            if touch.kind == "network":
                self._networks = None
