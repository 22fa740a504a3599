"""Finds the objects that a request names: kind and name in, what docker inspect shows out.

What the picture of the daemon has needs no question (picture.py); the rest is asked of dockerd. For one request: each
object once, at most 512 (too-many-objects), two seconds for all of them, or twelve while dockerd answers others
(beyond that there is no answer: lookup-failed). dockerd asks the plugin about each of these; see own_requests.py.
"""

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence

from portero.decide.interfaces.daemon import DockerdIdentity, GatheredKind, ListedKind, LookupState, ObjectKind
from portero.decide.interfaces.member import Members
from portero.decide.values.json_fields import JSON, child, text
from portero.decide.values.refusals import Refused
from portero.observe.dockerd import api
from portero.observe.dockerd.api import TimedRequests
from portero.observe.dockerd.asking_daemon import AskingDaemon
from portero.observe.lookups.cached_facts import list_fields
from portero.observe.lookups.daemon_questions import DaemonQuestions
from portero.observe.lookups.followed_daemon import FollowedDaemon
from portero.observe.lookups.picture import Picture
from portero.observe.pending.unanswered import find_start
from portero.observe.process.threads import is_hurried
from portero.observe.writers.writer_memory import WriterMemory

_MAX_OBJECTS = 512
# Of a swarm: so many in an answer, which has all that configs hold, and so much of that for a request.
_MAX_GATHERED, _MAX_DATA = 32, 64 << 20
_SWARM_ID = re.compile(r"[0-9a-z]{25}")
# Containers that are not certain: more of them are rather listed with all others.
_MAX_INSPECTED, _BRIEF_SECONDS = 8, 0.5
# The daemon's version of control groups stays; its default runtime can change at a reload of daemon.json.
_INFO_SECONDS = 60.0
# dockerd holds a container's lock while it starts, and a start can hang for as long as its image wants (a FIFO as
# /etc/passwd); each large request that waits for such a container has a turn that another one needs. So after this many
# lookups without an answer within so many seconds others of this kind wait less, and all where dockerd is silent: a
# daemon that answers needs a hundredth of it. Small requests have no turn; so many at once wait for a slow daemon.
_MANY_SILENT, _SILENT_SECONDS, _SHORT_SECONDS = 4, 10.0, 0.3
_MAX_PATIENT = 64


class DaemonObjects:
    """Lookups at the daemons that ask. `addresses`: the sockets of one of them, the best first; none: it cannot be.

    The answer to GET /info is kept between requests. `find_followed`: what is known of one without asking.
    """

    def __init__(
        self,
        addresses: Callable[[AskingDaemon | None], Iterable[str]],
        writers: WriterMemory | None = None,
        find_followed: Callable[[AskingDaemon | None], FollowedDaemon] = lambda daemon: FollowedDaemon(),
    ) -> None:
        self.addresses = addresses
        self.find_followed = find_followed
        self.writers = writers or WriterMemory(None)
        # When the last ones had no answer in time, by time.monotonic(); threads may add at once.
        self._silences: deque[float] = deque(maxlen=_MANY_SILENT)
        # When the last one had an answer.
        self._answered = 0.0
        self.patience = threading.Semaphore(_MAX_PATIENT)
        # When GET /info was asked, of which daemon, and the answer.
        self.info: tuple[float, DockerdIdentity | None, Mapping[str, JSON]] | None = None
        # How the last lookup went.
        self.state: LookupState = "auto"

    def note_answer(self, state: LookupState, is_late: bool) -> None:
        self.state = state
        if state == "auto":
            self._answered = time.monotonic()
        elif is_late and state == "unanswered":
            self._silences.append(time.monotonic())

    def find_seconds(self) -> float:
        """How long all lookups of a request that begins now may take together."""
        silences = [*self._silences]
        is_silent = len(silences) == _MANY_SILENT and time.monotonic() < silences[0] + _SILENT_SECONDS
        is_short = is_silent and (is_hurried() or self._answered < silences[0])
        return min(_SHORT_SECONDS, api.SECONDS) if is_short else api.SECONDS

    def new_lookup(self, find_daemon: Callable[[], AskingDaemon | None]) -> "ObjectLookup | None":
        """The lookups of one request; None where no daemon can be asked."""
        daemon = find_daemon()
        addresses = self.addresses(daemon)
        if not addresses:
            self.state = "unavailable"
            return None
        return ObjectLookup(self, daemon, addresses)


class ObjectLookup:
    """The lookups of one request."""

    def __init__(self, objects: DaemonObjects, daemon: AskingDaemon | None, addresses: Iterable[str]) -> None:
        self._objects = objects
        self._daemon = daemon
        # Before anything is asked or made: when Portero began to judge, in seconds since 1970.
        self.since = find_start()
        # Before anything is asked: what starts or is made meanwhile may be missing in a list.
        self.members: Members = objects.writers.at(*_identify_daemon(daemon))
        self._followed = objects.find_followed(daemon)
        patience = None if is_hurried() else objects.patience
        requests = TimedRequests(addresses, daemon, objects.find_seconds, self._followed.connections, patience)
        self._questions = DaemonQuestions(requests, self._followed, objects.note_answer)
        self._addresses = addresses
        self.pending = self._followed.under_way.at()
        # None: everything is asked of dockerd.
        self._picture: Picture | None = self._followed.picture
        self._used_picture = False
        self._inspected: dict[tuple[ObjectKind, str], Mapping[str, JSON] | None] = {}
        self._listed: dict[ListedKind, Iterable[Mapping[str, JSON]]] = {}
        self._gathered = 0  # bytes of configs

    def inspect(self, kind: ObjectKind, name: str) -> Mapping[str, JSON] | None:
        return self._inspect(kind, name, self._questions, self._picture)

    def gather(self, kind: GatheredKind, ids: Sequence[str]) -> None:
        """Look up secrets or configs in few questions; what is not found so `inspect` asks for.

        Refused: lookup-failed: no answer; too-many-objects.
        """
        wanted = [id for id in dict.fromkeys(ids) if _SWARM_ID.fullmatch(id) and (kind, id) not in self._inspected]
        if len(self._inspected) + len(wanted) > _MAX_OBJECTS:
            raise Refused("too-many-objects")
        for first in range(0, len(wanted), _MAX_GATHERED):
            for shown in self._questions.ask_for_some(kind, wanted[first : first + _MAX_GATHERED]):
                self._inspected[kind, text(shown, "ID")] = shown
                self._gathered += len(text(child(shown, "Spec"), "Data"))
            if self._gathered > _MAX_DATA:
                raise Refused("too-many-objects")

    def inspect_briefly(self, kind: ObjectKind, name: str) -> Mapping[str, JSON] | None:
        """The same by dockerd itself, now. A container that starts holds its lock, for long if it hangs."""
        self._inspected.pop((kind, name), None)
        return self._inspect(kind, name, self._ask_briefly(), None)

    def _ask_briefly(self) -> DaemonQuestions:
        brief = TimedRequests(self._addresses, self._daemon, lambda: _BRIEF_SECONDS, self._followed.connections)
        return DaemonQuestions(brief, self._followed, lambda state, is_late: None)

    def _inspect(
        self, kind: ObjectKind, name: str, questions: DaemonQuestions, picture: Picture | None
    ) -> Mapping[str, JSON] | None:
        key = (kind, name)
        if key not in self._inspected:
            if len(self._inspected) >= _MAX_OBJECTS:
                raise Refused("too-many-objects")
            cached = picture.find(kind, name) if picture else None
            self._used_picture |= cached is not None
            self._inspected[key] = cached or questions.ask_for(kind, name)
        return self._inspected[key]

    def refresh(self) -> bool:
        """Ask dockerd itself from now on; False: all that was found came from there."""
        again, self._picture, self._used_picture = self._used_picture, None, False
        if again:
            self.pending = self._followed.under_way.at()
            self._inspected, self._listed = {}, {}
        return again

    def list_all(self, kind: ListedKind) -> Iterable[Mapping[str, JSON]]:
        """All objects of a kind, stopped containers too. Refused (lookup-failed): no answer.

        Events of dockerd come after its replies, so that a list kept by them can lack the container whose creation the
        client has just been shown; the picture has it by the answer, before that client's next request is decided.
        """
        if kind not in self._listed:
            cached = self._list_cached(kind)
            self._used_picture |= cached is not None
            self._listed[kind] = self._ask_for_all(kind) if cached is None else cached
        return self._listed[kind]

    def _ask_for_all(self, kind: ListedKind) -> Sequence[Mapping[str, JSON]]:
        doubtful = self._followed.under_way.find_doubtful()
        listed = self._questions.ask_for_all(kind)
        if kind == "container":
            self.pending.drop(doubtful)
        return listed

    def _list_cached(self, kind: ListedKind) -> Iterable[Mapping[str, JSON]] | None:
        """What the picture has, with a question for each of a few that are not certain; None: more is to be asked."""
        if self._picture is None or self._followed.under_way.are_many:
            return None
        if kind == "service":
            return [] if self._picture.has_no_services() else None
        if kind == "network":
            return self._picture.list_networks()
        listed = self._picture.list_containers()
        if listed is None or len(listed[1]) > _MAX_INSPECTED or self._picture.are_under_way(listed[1]):
            return None
        brief = self._ask_briefly()
        try:
            inspected = [brief.ask_for("container", id) for id in listed[1]]
        except Refused:
            return None
        return listed[0].add(list_fields(one) for one in inspected if one is not None)

    def info(self) -> Mapping[str, JSON]:
        daemon = self._daemon.identity if self._daemon else None
        cached, now = self._objects.info, time.monotonic()
        if cached is None or cached[1] != daemon or now > cached[0] + _INFO_SECONDS:
            self._objects.info = cached = (now, daemon, self._questions.ask_info())
        return cached[2]


def _identify_daemon(daemon: AskingDaemon | None) -> tuple[str, str]:
    """By what a daemon is known over its restarts, and which process it is; a daemon that is not seen has neither."""
    if daemon is None:
        return "", ""
    return f"{daemon.root.rstrip('/')}{daemon.data_roots[0]}", f"{daemon.identity.pid} {daemon.identity.started}"
