"""One daemon that asks: its picture, what is being created there, and the allowed requests without an answer yet.

Nothing but their contents links a request to its answer; those of equal requests are the same for each of them.
"""

import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from http import HTTPStatus
from typing import Any

from portero.dockerd.connection_pool import KeptConnections
from portero.objects.changes import EVERYTHING, PossibleChange, Touch, read_deleted, read_id, read_process
from portero.objects.creations import UNANSWERED_SECONDS, CreationsUnderWay
from portero.objects.picture import Picture
from portero.reading.envelope import Envelope, Result

_MANY, _MANY_EXECS = 4096, 256
# Of these one user who is known has so many at most.
MAX_OF_ONE_USER = 1024
_BEYOND = b"beyond"


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """An allowed one under way."""

    id: str
    change: PossibleChange
    user: str = ""
    # The container of an exec, as it was known, and when.
    container: tuple[str, int] | None = None
    since: float = field(default_factory=time.monotonic)


class FollowedDaemon:
    """Threads may call it at once."""

    def __init__(self) -> None:
        self.picture = Picture()
        self.creations = CreationsUnderWay()
        self.connections = KeptConnections[Any]()
        self._lock = threading.Lock()
        self._under_way: dict[bytes, list[_UnderWay]] = defaultdict(list)
        self._count = 0
        self._by_user = Counter[str]()
        # Requests for execs whose answer may still come, and be taken for that of an equal one.
        self._late_execs = set[bytes]()
        # Execs that were made, to be read ahead.
        self.new_execs = deque[str](maxlen=_MANY_EXECS)
        # Whether it has a reader, or needs none.
        self.is_read = False
        # Tells its reader that there is something to be read.
        self.wake: Callable[[], None] = lambda: None
        # What a comparison with dockerd's own answers found that should not be so; since the start.
        self.differences = 0

    def has_room_for(self, user: str) -> bool:
        """Whether a user has fewer without an answer than one may have, who would keep others from being known."""
        if self._by_user[user] >= MAX_OF_ONE_USER:
            self.end_unanswered()
        return self._by_user[user] < MAX_OF_ONE_USER

    def note_allowed(self, id: str, envelope: Envelope, change: PossibleChange, user: str = "") -> None:
        """A request is allowed: before dockerd is told. `id`: of its decision; `user`: "" for one who is not known."""
        if not (change.touches or change.makes):
            return
        if self._count >= _MANY:
            self.end_unanswered()
        if self._count >= _MANY:
            self._note_beyond()
            return
        self.picture.begin(change.touches)
        container = self.picture.identify(change.name) if change.makes == "exec" else None
        with self._lock:
            self._count += 1
            self._by_user[user] += bool(user)
            key = _name_request(envelope)
            if key in self._late_execs or len(self._late_execs) > _MANY:
                container = None
            equal = self._under_way[key]
            if equal:
                # The answer of another one may be taken for that of this one.
                first = equal[0].container
                container = (container[0], first[1]) if container and first else None
            equal.append(_UnderWay(id, change, user, container))

    def _note_beyond(self) -> None:
        """One of too many: nothing is known for as long as one is waited for after the last of them."""
        with self._lock:
            is_first = _BEYOND not in self._under_way
            self._count += is_first
            self._under_way[_BEYOND] = [_UnderWay("", EVERYTHING)]
        if is_first:
            self.picture.begin(EVERYTHING.touches)

    def note_result(self, result: Result, read_change: Callable[[], PossibleChange]) -> None:
        """dockerd answered a request. `read_change`: of one that is not among those that were allowed."""
        with self._lock:
            request = self._pop(_name_request(result.envelope))
        change = read_change() if request is None else request.change
        if not (change.touches or change.makes):
            return
        self._end([change], is_known=request is not None)
        is_done = result.status // 100 == HTTPStatus.OK // 100
        made = read_id(result.body) if is_done else ""
        if change.makes == "container" and made:
            if request is None:
                # Its creation began before this process did.
                self.creations.ended.append(made)
            self.picture.note_made(made, change.name)
        elif change.makes == "exec" and made and not self._notes_exec(made, request, result.envelope.body):
            self.new_execs.append(made)
        elif change.makes == "pruned" and is_done:
            self._note_pruned(read_deleted(result.body))
        if request is not None:
            # A create without a status has failed, and nothing is left of it (docker-facts 3.17).
            if made or (change.makes == "service" and is_done) or (change.makes == "container" and not result.status):
                self.creations.note_made(request.id)
            else:
                self.creations.note_answered(request.id)
        self.wake()

    def _note_pruned(self, deleted: list[str] | None) -> None:
        if deleted is None:
            self.picture.note_touch(Touch("container"))  # there are too many for one answer
        for id in deleted or ():
            self.picture.note_removed(id)

    def _notes_exec(self, made: str, request: _UnderWay | None, body: bytes | None) -> bool:
        """Whether what an exec is needs not be asked for: its request says so."""
        if request is None or request.container is None or (process := read_process(body)) is None:
            return False
        container, moment = request.container
        return self.picture.note_exec(made, container, request.change.name, moment, process)

    def end_unanswered(self, seconds: float = UNANSWERED_SECONDS) -> None:
        """Wait no longer for answers that did not come within this time: what they can have changed is asked for.

        A request can wait so long for a container's lock; what it can change is asked for each time meanwhile.
        """
        late = time.monotonic() - seconds
        with self._lock:
            under_way = self._under_way
            ended = [(key, one) for key, each in under_way.items() for one in each if one.since < late]
            remaining = {key: [one for one in each if one.since >= late] for key, each in under_way.items()}
            self._under_way = defaultdict(list, {key: each for key, each in remaining.items() if each})
            self._count -= len(ended)
            if len(self._late_execs) <= _MANY:
                self._late_execs |= {key for key, one in ended if one.change.makes == "exec"}
            self._by_user = Counter(one.user for each in remaining.values() for one in each if one.user)
        self._end(one.change for _, one in ended)

    def _end(self, changes: Iterable[PossibleChange], *, is_known: bool = True) -> None:
        for change in changes:
            if is_known:
                self.picture.end(change.touches)
            else:
                # Decided by a process that is gone.
                self.picture.note_touch(*change.touches)

    def _pop(self, key: bytes) -> _UnderWay | None:
        if not (requests := self._under_way.get(key)):
            return None
        one = requests.pop(0)
        self._count -= 1
        self._by_user -= Counter({one.user: 1})
        if not requests:
            del self._under_way[key]
        return one


def _name_request(envelope: Envelope) -> bytes:
    name = f"{envelope.method}\0{envelope.uri}\0{envelope.user}\0".encode()
    return blake2b(name + (envelope.body or b""), digest_size=16).digest()
