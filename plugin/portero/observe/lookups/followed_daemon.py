"""One daemon that asks: its picture, and the register of what is under way there, which have one lock."""

import time
from collections.abc import Callable, Sequence
from http import HTTPStatus

from portero.decide.interfaces.effects import EVERYTHING, OF_CONTAINERS, Effects, PossibleChange, Source, Touch
from portero.decide.reading.envelope import Envelope, Result
from portero.observe.dockerd.connection_pool import ConnectionPool
from portero.observe.lookups.picture import Picture
from portero.observe.pending.answers import read_deleted, read_id, read_process
from portero.observe.pending.unanswered import UNANSWERED_SECONDS, AllowedRequest
from portero.observe.pending.under_way import UnderWay

_FORMER_SECONDS = UNANSWERED_SECONDS
# How often it is looked which ones are late, at most.
_LOOK_SECONDS = 1.0


class FollowedDaemon:
    """Threads may call it at once."""

    def __init__(self) -> None:
        self.under_way = UnderWay()
        self.picture = Picture(self.under_way)
        self.connections = ConnectionPool()
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
        unanswered = self.under_way.unanswered
        if not unanswered.has_room_for(user) and time.monotonic() > self._looked + _LOOK_SECONDS:
            self.note_late()
        return unanswered.has_room_for(user)

    def enter(
        self,
        id: str,
        envelope: Envelope,
        effects: Effects,
        user: str = "",
        agree: Callable[[Sequence[Source]], bool] = lambda newer: True,
    ) -> bool:
        """A request is allowed, before the answer. `id`: of its decision; `user`: "" for one who is not known.

        False, and nothing is entered: it does not go with what came since it was judged. `agree`: whether its sources
        go with these; it is asked without the lock.
        """
        since = effects.number
        while True:
            with self.under_way.lock:
                newer = self.under_way.find_newer(effects, since)
                if newer == []:
                    self._enter(id, envelope, effects, user)
                    return True
                since = self.under_way.number
            if newer is None or not agree(newer):
                return False

    def _enter(self, id: str, envelope: Envelope, effects: Effects, user: str) -> None:
        one, change = self.under_way.enter(id, effects), effects.change
        if not (change.touches or change.makes) or (change.makes == "nothing" and not effects.uses):
            return
        one.touches = self.picture.begin(change.touches)
        knows_execs = time.monotonic() >= self._knows_execs_from
        container = self.picture.identify(change.name) if change.makes == "exec" and knows_execs else None
        self.under_way.unanswered.wait_for(one, _name_request(envelope), user, container)
        if one.is_beyond:
            self.picture.begin(EVERYTHING.touches)

    def note_result(self, result: Result, read_change: Callable[[], PossibleChange]) -> None:
        """dockerd answered a request. `read_change`: of one that is not among those that were allowed."""
        with self.under_way.lock:
            request = self.under_way.unanswered.answer(_name_request(result.envelope))
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
            self._note_exec(made, request, result.envelope.shown)
        elif change.makes == "pruned" and is_done:
            self._note_pruned(read_deleted(result.body))
        if request is not None and (request.sources or request.uses):
            # A create without a status has failed, and nothing is left of it (docker-facts 3.17).
            is_none = change.makes == "container" and not result.status
            is_settled = bool(made) or is_none or (change.makes == "service" and is_done)
            self.under_way.settle(request.id, is_settled=is_settled)
        self.wake()

    def _note_pruned(self, deleted: list[str] | None) -> None:
        if deleted is None:
            self.picture.note_touch(Touch("container"))  # there are too many for one answer
        for id in deleted or ():
            self.picture.note_removed(id)

    def _note_exec(self, made: str, request: AllowedRequest | None, shown: bytes | memoryview) -> None:
        """What an exec is, its request says. Else who starts it asks, at once: to read it ahead would come too late."""
        if request is not None and request.container is not None and (process := read_process(shown)) is not None:
            container, moment = request.container
            self.picture.note_exec(made, container, request.change.name, moment, process)

    def note_late(self, seconds: float = UNANSWERED_SECONDS) -> None:
        """What has had no answer within this time may never have one, and may still be carried out.

        What it can change is asked for each time until its answer, but for what can make nothing worse by then.
        """
        self._looked = time.monotonic()
        with self.under_way.lock:
            for one in self.under_way.unanswered.list_late(seconds):
                if not one.change.lasts:
                    self.under_way.end_uses(one.id, is_late=True)
                    self.picture.end(one.touches)
                if one.is_beyond:
                    one.is_beyond = False
                    self.picture.end(EVERYTHING.touches)

    def withdraw(self, id: str, envelope: Envelope) -> None:
        """A request that was entered is refused at last."""
        with self.under_way.lock:
            # Where it was taken for another one that had its answer, that one has none to wait for.
            request = self.under_way.unanswered.answer(_name_request(envelope), id)
            if request is not None:
                self._end(request)
                self.under_way.settle(request.id, is_settled=False)
            self.under_way.settle(id, is_settled=True)

    def _end(self, request: AllowedRequest) -> None:
        self.picture.end(request.touches)
        if request.is_beyond:
            self.picture.end(EVERYTHING.touches)


def _name_request(envelope: Envelope) -> int:
    """64 bits, made with Python's secret of this process (SipHash): no client can write two requests with the same."""
    # The body as dockerd writes it both times.
    return hash((envelope.method, envelope.uri, envelope.user, envelope.shown))
