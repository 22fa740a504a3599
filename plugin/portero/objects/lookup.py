"""Asks the daemon about objects that a request names: kind and name in, what docker inspect shows out.

For one request: each object once, two seconds for all of them, at most 64. Beyond that there is no answer, and the
request is refused (lookup-failed). dockerd asks the plugin about each of these; see own_requests.py.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from urllib.parse import quote

from portero.dockerd.api import TimedRequests, read_object
from portero.dockerd.daemon import AskingDaemon
from portero.dockerd.object_lists import Wanted
from portero.dockerd.proc import DockerdIdentity
from portero.host.member import Members
from portero.host.view import ListedKind, LookupState, ObjectKind, refuse_unreadable
from portero.objects.own_requests import find_start
from portero.objects.patience import Patience
from portero.objects.writer_memory import WriterMemory
from portero.refusals import Refused
from portero.values.json_types import JSON

_MAX_OBJECTS = 64
_TARGETS: Mapping[ObjectKind, str] = {
    "container": "/containers/{}/json",
    "exec": "/exec/{}/json",
    "image": "/images/{}/json",
    "volume": "/volumes/{}",
    "network": "/networks/{}",
    "service": "/services/{}",
    "secret": "/secrets/{}",
    "config": "/configs/{}",
}
_LISTS: Mapping[ListedKind, str] = {
    "container": "/containers/json?all=1",
    "network": "/networks",
    "service": "/services",
}
_TEMPLATE: Wanted = {"ContainerSpec": {"Mounts": None}, "Networks": None}
_SPEC: Wanted = {"Name": None, "TaskTemplate": _TEMPLATE, "Networks": None}
# What is read of a list. Labels, variables and commands can be long, and are not.
_WANTED: Mapping[ListedKind, Wanted] = {
    "container": dict.fromkeys(("Id", "Names", "Created", "State", "Mounts", "HostConfig")),
    "network": {"Id": None},
    "service": {"ID": None, "UpdatedAt": None, "Spec": _SPEC, "PreviousSpec": _SPEC},
}
# What a swarm has is unavailable on a node that is no manager, and so is what is done to it.
_OF_SWARM = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE})
_ABSENT: Mapping[ObjectKind, frozenset[int]] = {
    **dict.fromkeys(("service", "secret", "config"), _OF_SWARM),
    # What is no reference at all is a bad request, here as in a create.
    "image": frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST}),
}
_NOT_FOUND = frozenset({HTTPStatus.NOT_FOUND})
# dockerd answers a quoted slash of an image's name with a redirection.
_SAFE: Mapping[ObjectKind, str] = {"image": "/"}
# The daemon's version of control groups stays; its default runtime can change at a reload of daemon.json.
_INFO_SECONDS = 60.0


class DaemonObjects:
    """Lookups at the daemons that ask. `addresses`: the sockets of one of them, the best first; none: it cannot be.

    The answer to GET /info is kept between requests.
    """

    def __init__(
        self, addresses: Callable[[AskingDaemon | None], Iterable[str]], writers: WriterMemory | None = None
    ) -> None:
        self.addresses = addresses
        self.writers = writers or WriterMemory(None)
        self.patience = Patience()
        # When GET /info was asked, of which daemon, and the answer.
        self.info: tuple[float, DockerdIdentity | None, Mapping[str, JSON]] | None = None
        # How the last lookup went.
        self.state: LookupState = "auto"

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
        self._requests = TimedRequests(addresses, daemon, objects.patience.find_seconds)
        # Before anything is asked: what starts meanwhile may be missing in a list.
        self.members: Members = objects.writers.at(*_identify(daemon))
        self._inspected: dict[tuple[ObjectKind, str], Mapping[str, JSON] | None] = {}
        self._listed: dict[ListedKind, Sequence[Mapping[str, JSON]]] = {}

    def inspect(self, kind: ObjectKind, name: str) -> Mapping[str, JSON] | None:
        """What docker inspect shows of an object; None: the daemon has none. Refused (lookup-failed): no answer."""
        key = (kind, name)
        if key not in self._inspected:
            if len(self._inspected) >= _MAX_OBJECTS:
                raise Refused("lookup-failed")
            absent = _ABSENT.get(kind, _NOT_FOUND)
            self._inspected[key] = self._ask(_TARGETS[kind].format(quote(name, safe=_SAFE.get(kind, ""))), absent)
        return self._inspected[key]

    @property
    def since(self) -> int:
        return find_start()

    def list_all(self, kind: ListedKind) -> Sequence[Mapping[str, JSON]]:
        """All objects of a kind, stopped containers too. Refused (lookup-failed): no answer.

        Each request asks anew: events of dockerd come after its replies, so a list kept by them can lack the container
        whose creation the client has just been told.
        """
        if kind not in self._listed:
            absent = _ABSENT.get(kind, frozenset())
            with refuse_unreadable():
                lists = self._requests.lists(_LISTS[kind], _WANTED[kind])
                listed = next((each for status, each in lists if status == HTTPStatus.OK or status in absent), None)
            if listed is None:
                raise Refused("lookup-failed")
            self._listed[kind] = listed
        return self._listed[kind]

    def info(self) -> Mapping[str, JSON]:
        """What docker info shows. Refused (lookup-failed): no answer."""
        daemon = self._daemon.identity if self._daemon else None
        cached, now = self._objects.info, time.monotonic()
        if cached is None or cached[1] != daemon or now > cached[0] + _INFO_SECONDS:
            self._objects.info = cached = (now, daemon, self._ask("/info", frozenset()) or {})
        return cached[2]

    def _ask(self, target: str, absent: frozenset[int]) -> Mapping[str, JSON] | None:
        state: LookupState = "unanswered"
        try:
            with refuse_unreadable():
                for status, body in self._requests.answers(target):
                    state = "auto"
                    if status in absent:
                        return None
                    if status == HTTPStatus.OK and (answer := read_object(body)) is not None:
                        return answer
        finally:
            self._objects.state = state
        if self._requests.are_late:
            self._objects.patience.note_silence()
        raise Refused("lookup-failed")


def _identify(daemon: AskingDaemon | None) -> tuple[str, str]:
    """By what a daemon is known over its restarts, and which process it is; a daemon that is not seen has neither."""
    if daemon is None:
        return "", ""
    return f"{daemon.root.rstrip('/')}{daemon.data_roots[0]}", f"{daemon.identity.pid} {daemon.identity.started}"
