"""Asks the daemon about objects that a request names: kind and name in, what docker inspect shows out.

For one request: each object once, two seconds for all of them, at most 64. Beyond that there is no answer, and the
request is refused (lookup-failed). dockerd asks the plugin about each of these; see OwnRequests.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from urllib.parse import quote

from portero.host.asking_daemon import AskingDaemon
from portero.host.dockerd_process import DockerdIdentity
from portero.host.unreadable import refuse_unreadable
from portero.host.view import ListedKind, LookupState, ObjectKind
from portero.objects.daemon_api import LONGEST_LIST, TimedRequests, read_object, read_objects
from portero.objects.own_requests import find_start
from portero.refusals import Refused
from portero.types import JSON

_MOST_OBJECTS = 64
_TARGETS: Mapping[ObjectKind, str] = {
    "container": "/containers/{}/json",
    "exec": "/exec/{}/json",
    "image": "/images/{}/json",
    "volume": "/volumes/{}",
    "network": "/networks/{}",
    "service": "/services/{}",
}
_LISTS: Mapping[ListedKind, str] = {
    "container": "/containers/json?all=1",
    "network": "/networks",
    "service": "/services",
}
# Services are unavailable on a node that is no manager, and so is what is done to them.
_ABSENT: Mapping[ObjectKind, frozenset[int]] = {
    "service": frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE}),
    # What is no reference at all is a bad request, here as in a create.
    "image": frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST}),
}
_NOT_FOUND = frozenset({HTTPStatus.NOT_FOUND})
# dockerd answers a quoted slash of an image's name with a redirection.
_SAFE: Mapping[ObjectKind, str] = {"image": "/"}
# The daemon's version of control groups stays; its default runtime can change at a reload of daemon.json.
_INFO_KEPT = 60.0


class DaemonObjects:
    """Lookups at the daemons that ask. `addresses`: the sockets of one of them, the best first; none: it cannot be."""

    def __init__(self, addresses: Callable[[AskingDaemon | None], Iterable[str]]) -> None:
        self.addresses = addresses
        self._info: tuple[DockerdIdentity | None, float, Mapping[str, JSON]] | None = None
        self._state: LookupState = "auto"

    def state(self) -> LookupState:
        """How the last lookup went."""
        return self._state

    def note(self, state: LookupState) -> None:
        """Remember how a lookup went."""
        self._state = state

    def new_lookup(self, find_daemon: Callable[[], AskingDaemon | None]) -> "ObjectLookup | None":
        """The lookups of one request; None where no daemon can be asked."""
        daemon = find_daemon()
        addresses = self.addresses(daemon)
        if not addresses:
            self.note("unavailable")
            return None
        return ObjectLookup(self, daemon, addresses)

    def recall_info(self, daemon: DockerdIdentity | None) -> Mapping[str, JSON] | None:
        """What GET /info of this daemon said within the last minute."""
        kept = self._info
        return kept[2] if kept is not None and kept[0] == daemon and time.monotonic() < kept[1] + _INFO_KEPT else None

    def keep_info(self, daemon: DockerdIdentity | None, info: Mapping[str, JSON]) -> None:
        """Remember it for a minute."""
        self._info = (daemon, time.monotonic(), info)


class ObjectLookup:
    """The lookups of one request."""

    def __init__(self, objects: DaemonObjects, daemon: AskingDaemon | None, addresses: Iterable[str]) -> None:
        self._objects = objects
        self._daemon = daemon
        self._requests = TimedRequests(addresses, daemon)
        self._found: dict[tuple[ObjectKind, str], Mapping[str, JSON] | None] = {}
        self._listed: dict[ListedKind, Sequence[Mapping[str, JSON]]] = {}

    def inspect(self, kind: ObjectKind, name: str) -> Mapping[str, JSON] | None:
        """What docker inspect shows of an object; None: the daemon has none. Refused (lookup-failed): no answer."""
        key = (kind, name)
        if key not in self._found:
            if len(self._found) >= _MOST_OBJECTS:
                raise Refused("lookup-failed")
            absent = _ABSENT.get(kind, _NOT_FOUND)
            self._found[key] = self._ask(_TARGETS[kind].format(quote(name, safe=_SAFE.get(kind, ""))), absent)
        return self._found[key]

    @property
    def since(self) -> int:
        """When Portero began to judge."""
        return find_start()

    def list_all(self, kind: ListedKind) -> Sequence[Mapping[str, JSON]]:
        """All objects of a kind, stopped containers too. Refused (lookup-failed): no answer.

        It is asked anew for each request: events of dockerd come after its replies, so that a list kept by them can
        lack the container that the client was just told of.
        """
        if kind not in self._listed:
            answers = self._requests.answers(_LISTS[kind], LONGEST_LIST)
            found = (read_objects(body) for status, body in answers if status == HTTPStatus.OK)
            with refuse_unreadable():
                listed = next((objects for objects in found if objects is not None), None)
            if listed is None:
                raise Refused("lookup-failed")
            self._listed[kind] = listed
        return self._listed[kind]

    def info(self) -> Mapping[str, JSON]:
        """What docker info shows. Refused (lookup-failed): no answer."""
        daemon = self._daemon.identity if self._daemon else None
        info = self._objects.recall_info(daemon)
        if info is None:
            info = self._ask("/info", frozenset()) or {}
            self._objects.keep_info(daemon, info)
        return info

    def _ask(self, target: str, absent: frozenset[int]) -> Mapping[str, JSON] | None:
        state: LookupState = "unanswered"
        try:
            with refuse_unreadable():
                for status, body in self._requests.answers(target):
                    state = "auto"
                    if status in absent:
                        return None
                    if status == HTTPStatus.OK and (found := read_object(body)) is not None:
                        return found
        finally:
            self._objects.note(state)
        raise Refused("lookup-failed")
