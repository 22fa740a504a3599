"""One daemon that asks: its picture, what is being created there, and the allowed requests without an answer yet.

Nothing but their contents links a request to its answer; those of equal requests are the same for each of them.
"""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from hashlib import blake2b
from http import HTTPStatus

from portero.decide.interfaces.effects import EVERYTHING, OF_CONTAINERS, Effects, PossibleChange, Touch
from portero.decide.interfaces.pending_requests import Source
from portero.decide.reading.envelope import Envelope, Result
from portero.decide.values.dataclass import dataclass, field, replace
from portero.observe.dockerd.connection_pool import ConnectionPool
from portero.observe.lookups.picture import Picture
from portero.observe.pending.answers import read_deleted, read_id, read_process
from portero.observe.pending.under_way import UNANSWERED_SECONDS, UnderWay

# While more than these have no answer within their time, nothing is known. Of more than the most no answers are waited
# for: nothing is known as long as the daemon runs.
_MANY, _MOST = 4096, 1 << 16
_FORMER_SECONDS = UNANSWERED_SECONDS
# Of these one user who is known has so many at most, and so many that are late.
MAX_OF_ONE_USER, MAX_LATE_OF_ONE_USER = 1024, 4096
# How often it is looked which ones are late, at most.
_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Unanswered:
    """An allowed one under way. `touches`: what began with it, and ends with its answer.

    `is_beyond`: one of too many, with which nothing is known. `is_late`: dockerd waits for a lock, or has lost it.
    """

    id: str
    change: PossibleChange
    touches: Sequence[Touch] = ()
    user: str = ""
    # The container of an exec, as it was known, and when.
    container: tuple[str, int] | None = None
    since: float = field(default_factory=time.monotonic)
    is_beyond: bool = False
    is_late: bool = False


class FollowedDaemon:
    """Threads may call it at once."""

    def __init__(self) -> None:
        self.picture = Picture()
        self.under_way = UnderWay()
        self.connections = ConnectionPool()
        self._lock = threading.Lock()
        self._requests: dict[bytes, list[_Unanswered]] = defaultdict(list)
        # How many there are, and how many of them are not late; of users the same by whether they are late.
        self._count = self._young = 0
        self._by_user = Counter[tuple[str, bool]]()
        self._looked = 0.0
        # Until then an answer can be that of an equal exec which the process before this one allowed.
        self._knows_execs_from = time.monotonic() + _FORMER_SECONDS
        # Whether it has a reader, or needs none.
        self.is_read = False
        # Tells its reader that there is something to be read.
        self.wake: Callable[[], None] = lambda: None
        # What a comparison with dockerd's own answers found that should not be so; since the start.
        self.differences = 0

    def has_room_for(self, user: str) -> bool:
        """Whether a user has fewer without an answer than one may have, who would keep others from being known."""
        if self._by_user[user, False] >= MAX_OF_ONE_USER and time.monotonic() > self._looked + _LOOK_SECONDS:
            self.note_late()
        return self._by_user[user, False] < MAX_OF_ONE_USER and self._by_user[user, True] < MAX_LATE_OF_ONE_USER

    def enter(
        self,
        id: str,
        envelope: Envelope,
        effects: Effects,
        user: str = "",
        agree: Callable[[Sequence[Source]], bool] = lambda newer: True,
    ) -> bool:
        """A request is allowed: before dockerd is told. `id`: of its decision; `user`: "" for one who is not known.

        False: see UnderWay.enter.
        """
        if not self.under_way.enter(id, effects, agree):
            return False
        self._enter_change(id, envelope, effects.change, user)
        return True

    def _enter_change(self, id: str, envelope: Envelope, change: PossibleChange, user: str) -> None:
        if not (change.touches or change.makes) or (change.makes == "nothing" and not self.under_way.has_uses(id)):
            return
        touches = self.picture.begin(change.touches)
        is_beyond = self._young >= _MANY or self._count >= _MOST
        if is_beyond:
            self.picture.begin(EVERYTHING.touches)
        container = self.picture.identify(change.name) if change.makes == "exec" else None
        with self._lock:
            if self._count >= _MOST:
                return
            self._count += 1
            self._young += 1
            self._by_user[user, False] += bool(user)
            equal = self._requests[_name_request(envelope)]
            if time.monotonic() < self._knows_execs_from:
                container = None
            elif equal:
                # The answer of another one may be taken for that of this one.
                first = equal[0].container
                container = (container[0], first[1]) if container and first else None
            equal.append(_Unanswered(id, change, touches, user, container, is_beyond=is_beyond))

    def note_result(self, result: Result, read_change: Callable[[], PossibleChange]) -> None:
        """dockerd answered a request. `read_change`: of one that is not among those that were allowed."""
        with self._lock:
            request = self._pop(_name_request(result.envelope))
        change = read_change() if request is None else request.change
        if not (change.touches or change.makes):
            return
        if request is not None:
            self._end(request)
        else:
            # Decided by a process that is gone. What its names meant then, another container may have been.
            widens = OF_CONTAINERS if change.lasts else ()
            self.picture.note_touch(*(Touch(one.kind) if one.kind in widens else one for one in change.touches))
        is_done = result.status // 100 == HTTPStatus.OK // 100
        made = read_id(result.body) if is_done else ""
        if change.makes == "container" and made:
            if request is None:
                # Its creation began before this process did.
                self.under_way.note_ended(made)
            self.picture.note_made(made, change.name)
        elif change.makes == "exec" and made:
            self._note_exec(made, request, result.envelope.body)
        elif change.makes == "pruned" and is_done:
            self._note_pruned(read_deleted(result.body))
        if request is not None:
            self.under_way.end_uses(request.id)
            # A create without a status has failed, and nothing is left of it (docker-facts 3.17).
            if made or (change.makes == "service" and is_done) or (change.makes == "container" and not result.status):
                self.under_way.note_made(request.id)
            else:
                self.under_way.note_answered(request.id)
        self.wake()

    def _note_pruned(self, deleted: list[str] | None) -> None:
        if deleted is None:
            self.picture.note_touch(Touch("container"))  # there are too many for one answer
        for id in deleted or ():
            self.picture.note_removed(id)

    def _note_exec(self, made: str, request: _Unanswered | None, body: bytes | None) -> None:
        """What an exec is, its request says. Else who starts it asks, at once: to read it ahead would come too late."""
        if request is not None and request.container is not None and (process := read_process(body)) is not None:
            container, moment = request.container
            self.picture.note_exec(made, container, request.change.name, moment, process)

    def note_late(self, seconds: float = UNANSWERED_SECONDS) -> None:
        """What has had no answer within this time may never have one, and may still be carried out.

        What it can change is asked for each time until its answer, but for what can make nothing worse by then.
        """
        self._looked = time.monotonic()
        ended = list[Sequence[Touch]]()
        with self._lock:
            for key, each in [*self._requests.items()]:
                if each[0].since >= self._looked - seconds or each[-1].is_late:
                    continue
                kept = self._requests[key] = []
                for one in each:
                    if one.since < self._looked - seconds and not one.is_late:
                        ended += [] if one.change.lasts else [one.touches]
                        ended += [EVERYTHING.touches] if one.is_beyond else []
                        one = replace(one, is_late=True, is_beyond=False)
                    if one.change.lasts or not one.is_late:
                        kept.append(one)
                    else:
                        self.under_way.end_uses(one.id, is_late=True)
                if not kept:
                    del self._requests[key]
            requests = [one for each in self._requests.values() for one in each]
            self._count, self._young = len(requests), sum(not one.is_late for one in requests)
            self._by_user = Counter((one.user, one.is_late) for one in requests if one.user)
        for touches in ended:
            self.picture.end(touches)

    def withdraw(self, id: str, envelope: Envelope) -> None:
        """A request that was entered is refused at last."""
        key = _name_request(envelope)
        with self._lock:
            equal = self._requests.get(key, [])
            # Where it was taken for another one that had its answer, that one is the first by now.
            equal.sort(key=lambda one: one.id != id)
            request = self._pop(key)
        self.under_way.withdraw(id)
        if request is not None:
            self._end(request)
            self.under_way.end_uses(request.id)
            self.under_way.note_answered(request.id)

    def _end(self, request: _Unanswered) -> None:
        self.picture.end(request.touches)
        if request.is_beyond:
            self.picture.end(EVERYTHING.touches)

    def _pop(self, key: bytes) -> _Unanswered | None:
        if not (requests := self._requests.get(key)):
            return None
        one = requests.pop(0)
        if requests and (others := [touch for touch in one.touches if touch not in requests[0].touches]):
            # The name meant another container then, and this may be the answer of an equal one.
            requests[0] = replace(requests[0], touches=(*requests[0].touches, *others))
            one = replace(one, touches=[touch for touch in one.touches if touch not in others])
        self._count -= 1
        self._young -= not one.is_late
        self._by_user[one.user, one.is_late] -= bool(one.user)
        if not requests:
            del self._requests[key]
        return one


def _name_request(envelope: Envelope) -> bytes:
    name = f"{envelope.method}\0{envelope.uri}\0{envelope.user}\0".encode()
    return blake2b(name + (envelope.body or b""), digest_size=16).digest()
