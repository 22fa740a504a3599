"""The daemons that ask, each followed by its requests, their answers and its events.

An answer is never denied and waits for nothing: the request has been carried out.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext, suppress

from portero.decide.decision import Decision
from portero.decide.interfaces.daemon import DockerdIdentity, Peer
from portero.decide.interfaces.effects import EVERYTHING, NO_EFFECTS, Source
from portero.decide.objects.changes import read_change
from portero.decide.reading.envelope import may_show_change, read_result
from portero.decide.reading.routes import Routes
from portero.observe.dockerd.api import TimedRequests
from portero.observe.dockerd.asking_daemon import AskingDaemon
from portero.observe.dockerd.dockerd_process import identify_dockerd
from portero.observe.lookups.daemon_questions import DaemonQuestions
from portero.observe.lookups.followed_daemon import FollowedDaemon
from portero.observe.lookups.picture_reader import PictureReader
from portero.observe.process.threads import try_start_thread
from portero.observe.writers.writer_memory import WriterMemory

# So many are followed, and so many readers are started in this time.
_MAX_DAEMONS, _TURN_SECONDS = 8, 60.0
_NONE = DockerdIdentity(0, 0)


class FollowedDaemons:
    """`find`: the daemon that a peer is; `addresses`: its sockets; `writers`: the memory of all.

    Nothing is read ahead before `watch`.
    """

    def __init__(
        self,
        routes: Routes,
        find: Callable[[Peer], AskingDaemon | None],
        addresses: Callable[[AskingDaemon | None], Iterable[str]],
        writers: WriterMemory | None = None,
    ) -> None:
        self._routes, self._find, self._addresses = routes, find, addresses
        self._writers = writers or WriterMemory(None)
        self._lock = threading.Lock()
        # Held from the answer to a result until it is noted.
        self._noting = threading.Lock()
        self._followed: dict[DockerdIdentity, FollowedDaemon] = {}
        self._is_watching = False
        # When the last readers were started: daemons that ask in turns, more than are followed, get no more than these.
        self._started = deque[float](maxlen=_MAX_DAEMONS)

    def watch(self) -> None:
        """Read ahead from now on, in this process."""
        self._is_watching = True

    def at(self, daemon: AskingDaemon | None) -> FollowedDaemon:
        """A new process of a daemon begins anew."""
        identity = daemon.identity if daemon else _NONE
        followed = self._followed
        if next(reversed(followed), None) == identity and followed[identity].is_read:
            return followed[identity]
        with self._lock:
            # The one that asked last is the last to go.
            others = {each: one for each, one in self._followed.items() if each != identity}
            if identity not in self._followed:
                others = dict([*others.items()][1 - _MAX_DAEMONS :])
            current = self._followed.get(identity) or FollowedDaemon()
            self._followed = {**others, identity: current}
            is_new, current.is_read = not current.is_read, True
        if is_new and daemon is not None and self._is_watching:
            # Without room for a thread a later request tries again.
            current.is_read = self._may_start() and try_start_thread("picture", self._make_reader(current, daemon).run)
        return current

    def _may_start(self) -> bool:
        now = time.monotonic()
        if len(self._started) == _MAX_DAEMONS and now < self._started[0] + _TURN_SECONDS:
            return False
        self._started.append(now)
        return True

    def has_room_for(self, user: str, peer: Peer | None) -> bool:
        """Whether another request of this user can be followed; of one who is not known it always can."""
        return not user or peer is None or all(one.has_room_for(user) for one in self._list_asking(peer))

    def commit(self, decision: Decision, peer: Peer | None, agree: Callable[[Sequence[Source]], bool]) -> bool:
        """Have others see the effects of an allowed request, before dockerd is answered.

        False: it does not go with what came since it was judged. `agree`: whether its sources go with these. Raises
        Refused (writers-unknown), with all else committed.
        """
        effects, envelope = decision.effects, decision.envelope
        if peer is None or effects is NO_EFFECTS:
            return True
        asking = self._list_asking(peer)
        if envelope is None:
            # Allowed all the same where nothing is enforced; its answer cannot be recognized.
            for followed in asking:
                followed.picture.begin(EVERYTHING.touches)
            return True
        for number, followed in enumerate(asking):
            if not followed.enter(decision.id, envelope, effects, decision.subject.user, agree):
                for entered in asking[:number]:
                    entered.withdraw(decision.id, envelope)
                return False
        if effects.moment is not None and decision.subject.operation == "ContainerCreate":
            # Else the start is refused, and `docker run --rm` waits for the removal of what never ran.
            self._writers.commit(effects.moment)
        if effects.moment is not None and (effects.sighting or effects.starting):
            self._writers.commit(effects.moment, effects.sighting, effects.starting)
        return True

    def withdraw(self, decision: Decision, peer: Peer | None) -> None:
        """A request that was committed is refused at last; what starts stays noted."""
        if peer is not None and decision.envelope is not None and decision.effects is not NO_EFFECTS:
            for followed in self._list_asking(peer):
                followed.withdraw(decision.id, decision.envelope)

    def note_result(self, data: bytes, peer: Peer, send: Callable[[], None] | None = None) -> None:
        """dockerd carried out a request, and posts what it answers; `send` answers dockerd, whose client waits for it.

        None: that is done later. What comes after an answer that was sent first is decided only when this is noted
        (wait_for_results), since the turn to note is taken before it is sent. So nothing is known later than if all
        were noted first, whatever names and IDs mean meanwhile. Nothing here waits for dockerd.
        """
        if not may_show_change(data):
            if send:
                send()
            return
        asking = self._list_asking(peer)
        with self._noting if send and asking else nullcontext():
            try:
                if send:
                    send()
            finally:
                if asking and (result := read_result(data)) is not None:
                    for followed in asking:
                        followed.note_result(result, lambda: read_change(result.envelope, self._routes))

    def wait_for_results(self) -> None:
        """Until what was answered is noted; see note_result."""
        with self._noting:
            pass

    def count_differences(self) -> int:
        """How often a picture was not what dockerd shows."""
        return sum(one.differences for one in self._followed.values())

    def _list_asking(self, peer: Peer) -> list[FollowedDaemon]:
        with suppress(OSError):
            return [self.at(self._find(peer))]
        # Which one it is cannot be read now: it can be each of them.
        return [*self._followed.values()]

    def _make_reader(self, followed: FollowedDaemon, daemon: AskingDaemon) -> PictureReader:
        addresses = self._addresses(daemon)

        def ask(seconds: float) -> DaemonQuestions:
            requests = TimedRequests(addresses, daemon, lambda: seconds, followed.connections)
            return DaemonQuestions(requests, followed, lambda state, is_late: None)

        def runs() -> bool:
            return self._followed.get(daemon.identity) is followed and identify_dockerd(daemon.pid) == daemon.identity

        return PictureReader(followed, daemon, addresses, ask, runs)
