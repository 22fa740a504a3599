"""Asks the daemon about objects that a request names: kind and name in, what docker inspect shows out.

For one request: each object once, two seconds for all of them, at most 64. Beyond that there is no answer, and the
request is refused (lookup-failed). Names of networks have two seconds of their own, and at most 32 are asked for; a
name that is not found out is refused by rule network-resolved. dockerd asks the plugin about each of these; see
own_requests.py.
"""

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from http import HTTPStatus
from typing import TypeAlias
from urllib.parse import quote

from portero.dockerd.api import LONGEST_LIST, TimedRequests, read_object, read_objects
from portero.dockerd.daemon import AskingDaemon
from portero.dockerd.proc import DockerdIdentity
from portero.host.view import ListedKind, LookupState, ObjectKind, may_begin_network_id, refuse_unreadable
from portero.objects.own_requests import find_start
from portero.refusals import Refused
from portero.values.json_fields import to_text
from portero.values.json_types import JSON

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
_MOST_NAMES = 32
_LONGEST_NETWORK = 1 << 20
_KEPT_NAMES = 256
# Under this name, which begins no ID, the ID of the local network host is kept.
_HOST_ID = ""
_WHOLE_ID = re.compile(r"[0-9a-z]{25}|[0-9a-f]{64}")

_FindDaemon: TypeAlias = Callable[[], AskingDaemon | None]


class DaemonObjects:
    """Lookups at the daemons that ask. `addresses`: the sockets of one of them, the best first; none: it cannot be.

    What is kept between requests: names behind whole network IDs, which never change, and what GET /info said.
    """

    def __init__(self, addresses: Callable[[AskingDaemon | None], Iterable[str]]) -> None:
        self.addresses = addresses
        # When GET /info was asked, of which daemon, and the answer.
        self.info: tuple[float, DockerdIdentity | None, Mapping[str, JSON]] | None = None
        self._names: dict[tuple[DockerdIdentity, str], str] = {}
        # How the last lookup went, and whether the last of a network's name had no answer.
        self.state: LookupState = "auto"
        self.name_failed = False

    def new_names(self, find_daemon: _FindDaemon) -> Callable[[str], str | None]:
        """The function from a network's ID to its name for one request (see NetworkNames)."""
        return NetworkNames(self, find_daemon).find_name

    def new_lookup(self, find_daemon: _FindDaemon) -> "ObjectLookup | None":
        """The lookups of one request; None where no daemon can be asked."""
        daemon = find_daemon()
        addresses = self.addresses(daemon)
        if not addresses:
            self.state = "unavailable"
            return None
        return ObjectLookup(self, daemon, addresses)

    def recall_name(self, daemon: AskingDaemon | None, network: str) -> str | None:
        """The name behind a network's ID that an earlier request of this daemon found."""
        return self._names.get((daemon.identity, network)) if daemon else None

    def keep_name(self, daemon: AskingDaemon | None, network: str, name: str) -> None:
        """Remember what never changes while the daemon runs; the memory is bounded.

        A daemon that is not seen may be another one the next time: with a network host of another ID.
        """
        if daemon is not None:
            names = self._names if len(self._names) < _KEPT_NAMES else {}
            # A new mapping each time, so that no thread sees it half changed.
            self._names = names | {(daemon.identity, network): name}


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
        kept, now = self._objects.info, time.monotonic()
        if kept is None or kept[1] != daemon or now > kept[0] + _INFO_KEPT:
            self._objects.info = kept = (now, daemon, self._ask("/info", frozenset()) or {})
        return kept[2]

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
            self._objects.state = state
        raise Refused("lookup-failed")


class NetworkNames:
    """The names of networks for one request: None for one that is not found out."""

    def __init__(self, objects: DaemonObjects, find_daemon: _FindDaemon) -> None:
        self._objects = objects
        self._find_daemon = find_daemon
        self._hosts: tuple[str, ...] | None = ()
        self._found: dict[str, str | None] = {}

    def find_name(self, network: str) -> str | None:
        """The network's name; what is no ID, or no network at all, is its own name. OSError: the daemon is not seen."""
        if not may_begin_network_id(network):
            return network
        if network not in self._found and len(self._found) < _MOST_NAMES:
            self._found[network] = self._find(network)
        return self._found.get(network)

    def _find(self, network: str) -> str | None:
        if (known := self._objects.recall_name(self._daemon, network)) is not None:
            return known
        # dockerd completes a beginning when no network has that name; which ones have it can change before it does.
        # Not cached_property, whose lock would have other requests wait for the daemon (Python 3.11).
        if self._hosts == ():
            self._hosts = self._find_hosts()
        self._objects.name_failed = self._hosts is None
        if self._hosts is None:
            return None
        if any(id.startswith(network) for id in self._hosts):
            return "host"
        answer = self._ask(network)
        self._objects.name_failed = answer is None
        if answer is None:
            return None
        name = answer.get("Name", network)
        # Only a whole ID names one network for ever; what a beginning is completed to changes with the networks.
        if name != network and _WHOLE_ID.fullmatch(network):
            self._objects.keep_name(self._daemon, network, name)
        return name

    @cached_property
    def _daemon(self) -> AskingDaemon | None:
        return self._find_daemon()

    @cached_property
    def _requests(self) -> TimedRequests:
        return TimedRequests(self._objects.addresses(self._daemon), self._daemon)

    def _find_hosts(self) -> tuple[str, ...] | None:
        """The IDs of the network host: the local one, and a swarm's where there is one. None: not found out."""
        local = self._objects.recall_name(self._daemon, _HOST_ID) or (self._ask("host") or {}).get("Id")
        swarms = self._ask("host?scope=swarm") if local else None
        if local is None or swarms is None:
            return None
        self._objects.keep_name(self._daemon, _HOST_ID, local)
        return (local, swarms["Id"]) if swarms else (local,)

    def _ask(self, network: str) -> Mapping[str, str] | None:
        """Name and Id of a network; {}: the daemon has none of this name. None: there is no answer.

        The sockets of one daemon answer alike, so the first answer counts.
        """
        for status, body in self._requests.answers(f"/networks/{network}", _LONGEST_NETWORK):
            if status == HTTPStatus.NOT_FOUND:
                return {}
            if status == HTTPStatus.OK and (found := _read_network(body)) is not None:
                return found
        return None


def _read_network(body: bytes) -> Mapping[str, str] | None:
    answer = read_object(body) or {}
    found = {field: to_text(answer.get(field)) for field in ("Name", "Id")}
    return found if all(found.values()) else None
