"""Asks the daemon for names of networks: a network's ID in, its name out; None when it could not be found out.

dockerd asks the plugin about this very request (GET /networks/{id}); see OwnRequests.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from http import HTTPStatus
from typing import TypeAlias

from portero.host.asking_daemon import AskingDaemon
from portero.host.dockerd_process import DockerdIdentity
from portero.host.view import may_begin_network_id
from portero.objects.daemon_api import TimedRequests, read_object

_MOST_NAMES = 32
_LONGEST_ANSWER = 1 << 20
_KEPT_NAMES = 256
_WHOLE_ID = re.compile(r"[0-9a-z]{25}|[0-9a-f]{64}")

_Key: TypeAlias = tuple[DockerdIdentity | None, str]


class NetworkNames:
    """Names behind whole network IDs, kept between requests.

    `addresses`: the sockets at which the daemon that asks can be asked, the best first; None: no dockerd asks.
    """

    def __init__(self, addresses: Callable[[AskingDaemon | None], Iterable[str]]) -> None:
        self.addresses = addresses
        self._names: dict[_Key, str] = {}
        self._failed = False

    def has_failed(self) -> bool:
        """Whether the daemon did not answer the last lookup."""
        return self._failed

    def note(self, *, answered: bool) -> None:
        """Remember whether the daemon answered a lookup."""
        self._failed = not answered

    def new_lookup(self, find_daemon: Callable[[], AskingDaemon | None]) -> Callable[[str], str | None]:
        """The function from ID to name for one request (see NetworkLookup)."""
        return NetworkLookup(self, find_daemon).find_name

    def recall(self, daemon: AskingDaemon | None, network: str) -> str | None:
        """What an earlier request of this daemon found."""
        return self._names.get(_key(daemon, network))

    def keep(self, daemon: AskingDaemon | None, network: str, name: str) -> None:
        """Remember what never changes while the daemon runs; the memory is bounded.

        A daemon that is not seen may be another one the next time: with a network host of another ID.
        """
        if daemon is None:
            return
        names = self._names if len(self._names) < _KEPT_NAMES else {}
        # A new mapping each time, so that no thread sees it half changed.
        self._names = names | {_key(daemon, network): name}


class NetworkLookup:
    """The lookups of one request: two seconds for all of them, 32 distinct IDs, each asked once.

    Beyond these bounds a name is not found out, and rule network-resolved refuses it.
    """

    def __init__(self, names: NetworkNames, find_daemon: Callable[[], AskingDaemon | None]) -> None:
        self._names = names
        self._find_daemon = find_daemon
        self._found: dict[str, str | None] = {}

    def find_name(self, network: str) -> str | None:
        """The network's name; what is no ID, or no network at all, is its own name. OSError: the daemon is not seen."""
        if not may_begin_network_id(network):
            return network
        if network not in self._found and len(self._found) < _MOST_NAMES:
            self._found[network] = self._find(network)
        return self._found.get(network)

    def _find(self, network: str) -> str | None:
        if (known := self._names.recall(self._daemon, network)) is not None:
            return known
        # dockerd completes a beginning when no network has that name; which ones have it can change before it does.
        host_ids = self._host_ids
        self._names.note(answered=host_ids is not None)
        if host_ids is None:
            return None
        if any(id.startswith(network) for id in host_ids):
            return "host"
        answer = self._ask(network)
        self._names.note(answered=answer is not None)
        if answer is None:
            return None
        name = answer.get("Name", network)
        # Only a whole ID names one network for ever; what a beginning is completed to changes with the networks.
        if name != network and _WHOLE_ID.fullmatch(network):
            self._names.keep(self._daemon, network, name)
        return name

    @cached_property
    def _daemon(self) -> AskingDaemon | None:
        return self._find_daemon()

    @cached_property
    def _requests(self) -> TimedRequests:
        return TimedRequests(self._names.addresses(self._daemon), self._daemon, _LONGEST_ANSWER)

    @cached_property
    def _host_ids(self) -> tuple[str, ...] | None:
        """The IDs of the network host: the local one, and a swarm's where there is one. None: not found out."""
        local = self._names.recall(self._daemon, "host") or (self._ask("host") or {}).get("Id")
        swarms = self._ask("host?scope=swarm") if local else None
        if local is None or swarms is None:
            return None
        self._names.keep(self._daemon, "host", local)
        return (local, swarms["Id"]) if swarms else (local,)

    def _ask(self, network: str) -> Mapping[str, str] | None:
        """Name and Id of a network; {}: the daemon has none of this name. None: there is no answer.

        The sockets of one daemon answer alike, so the first answer counts.
        """
        for status, body in self._requests.answers(f"/networks/{network}"):
            if status == HTTPStatus.NOT_FOUND:
                return {}
            if status == HTTPStatus.OK and (found := _read_network(body)) is not None:
                return found
        return None


def _key(daemon: AskingDaemon | None, network: str) -> _Key:
    return (daemon.identity if daemon else None, network)


def _read_network(body: bytes) -> Mapping[str, str] | None:
    answer = read_object(body) or {}
    fields = {field: answer.get(field) for field in ("Name", "Id")}
    found = {field: value for field, value in fields.items() if isinstance(value, str) and value}
    return found if len(found) == len(("Name", "Id")) else None
