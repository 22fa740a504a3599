"""The daemons that ask, beside the host: what is known of them between requests, and what their requests can change.

Names behind network IDs are asked for within one request: at most 128, two seconds for all of them. A name that is not
found is refused by rule network-resolved. dockerd asks the plugin about each of these; see own_requests.py.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from http import HTTPStatus
from typing import TypeAlias

from portero.decide.interfaces.daemon import DockerdIdentity, LookupState, Objects
from portero.decide.reading.routes import Routes
from portero.decide.values.docker_names import is_whole_network_id, may_begin_network_id
from portero.decide.values.json_fields import to_text
from portero.observe.dockerd.api import TimedRequests, read_object
from portero.observe.dockerd.asking_daemon import AskingDaemon
from portero.observe.dockerd.connection_pool import ConnectionPool
from portero.observe.dockerd.finder import AskingDaemons
from portero.observe.lookups.followed_daemons import FollowedDaemons
from portero.observe.lookups.lookup import DaemonObjects
from portero.observe.writers.writer_memory import WriterMemory

_MAX_NAMES = 128
_MAX_NETWORK_BYTES = 1 << 20
_MAX_CACHED_NAMES = 256
# Under this name, which begins no ID, the ID of the local network host is cached.
_HOST_ID = ""

_FindDaemon: TypeAlias = Callable[[], AskingDaemon | None]


class DaemonNetworks:
    """Lookups at the daemons that ask; `addresses` as in DaemonObjects. Names behind whole IDs are cached.

    `find_connections`: those that are kept of a daemon.
    """

    def __init__(
        self,
        addresses: Callable[[AskingDaemon | None], Iterable[str]],
        find_connections: Callable[[AskingDaemon | None], ConnectionPool] = lambda daemon: ConnectionPool(),
    ) -> None:
        self.addresses, self.find_connections = addresses, find_connections
        self._names: dict[tuple[DockerdIdentity, str], str] = {}
        # Whether the last lookup had no answer.
        self.has_failed = False

    def find_cached_name(self, daemon: AskingDaemon | None, network: str) -> str | None:
        """The name behind a network's ID that an earlier request of this daemon found."""
        return self._names.get((daemon.identity, network)) if daemon else None

    def cache_name(self, daemon: AskingDaemon | None, network: str, name: str) -> None:
        """Cache what never changes while the daemon runs; the cache is bounded.

        A daemon that is not seen may be another one the next time: with a network host of another ID.
        """
        if daemon is not None:
            names = self._names if len(self._names) < _MAX_CACHED_NAMES else {}
            # A new mapping each time, so that no thread sees it half changed.
            self._names = names | {(daemon.identity, network): name}


class NetworkNames:
    def __init__(self, networks: DaemonNetworks, find_daemon: _FindDaemon) -> None:
        self._networks = networks
        self._find_daemon = find_daemon
        self._hosts: tuple[str, ...] | None = ()
        self._names: dict[str, str | None] = {}

    def find_name(self, network: str) -> str | None:
        """The network's name; what cannot be an ID is the name itself. OSError: the daemon is not seen."""
        if not may_begin_network_id(network):
            return network
        if network not in self._names and len(self._names) < _MAX_NAMES:
            self._names[network] = self._find(network)
        return self._names.get(network)

    def _find(self, network: str) -> str | None:
        if (cached := self._networks.find_cached_name(self._daemon, network)) is not None:
            return cached
        # dockerd completes a beginning when no network has that name; which ones have it can change before it does.
        # Not cached_property, whose lock would have other requests wait for the daemon (Python 3.11).
        if self._hosts == ():
            self._hosts = self._find_hosts()
        self._networks.has_failed = self._hosts is None
        if self._hosts is None:
            return None
        if any(id.startswith(network) for id in self._hosts):
            return "host"
        answer = self._ask(network)
        self._networks.has_failed = answer is None
        if answer is None:
            return None
        name = answer.get("Name", network)
        # Only a whole ID names one network for ever; what a beginning is completed to changes with the networks.
        if name != network and is_whole_network_id(network):
            self._networks.cache_name(self._daemon, network, name)
        return name

    @cached_property
    def _daemon(self) -> AskingDaemon | None:
        return self._find_daemon()

    @cached_property
    def _requests(self) -> TimedRequests:
        connections = self._networks.find_connections(self._daemon)
        return TimedRequests(self._networks.addresses(self._daemon), self._daemon, pool=connections)

    def _find_hosts(self) -> tuple[str, ...] | None:
        """The IDs of the network host: the local one, and a swarm's where there is one. None: not found."""
        local = self._networks.find_cached_name(self._daemon, _HOST_ID) or (self._ask("host") or {}).get("Id")
        swarms = self._ask("host?scope=swarm") if local else None
        if local is None or swarms is None:
            return None
        self._networks.cache_name(self._daemon, _HOST_ID, local)
        return (local, swarms["Id"]) if swarms else (local,)

    def _ask(self, network: str) -> Mapping[str, str] | None:
        """Name and Id of a network; {}: the daemon has none of this name. None: there is no answer.

        The sockets of one daemon give the same answer, so the first one counts.
        """
        for status, body in self._requests.get_bodies(f"/networks/{network}", _MAX_NETWORK_BYTES):
            if status == HTTPStatus.NOT_FOUND:
                return {}
            if status == HTTPStatus.OK and (answer := _read_network(body)) is not None:
                return answer
        return None


def _read_network(body: bytes) -> Mapping[str, str] | None:
    answer = read_object(body) or {}
    fields = {field: to_text(answer.get(field)) for field in ("Name", "Id")}
    return fields if all(fields.values()) else None


class LiveDaemon:
    """`addresses`: the sockets of one of them, the best first. `looks_up`: whether they are asked what exists.

    `followed`: notes requests and their answers; None: none are.
    """

    def __init__(
        self,
        addresses: Callable[[AskingDaemon | None], Iterable[str]],
        writers: WriterMemory,
        routes: Routes,
        *,
        looks_up: bool = True,
    ) -> None:
        self.asking = AskingDaemons()
        self._writers = writers
        followed = FollowedDaemons(routes, self.asking.find_daemon, addresses, writers)
        self.followed = followed if looks_up else None
        self._networks = DaemonNetworks(addresses, lambda daemon: followed.at(daemon).connections)
        self._objects = DaemonObjects(addresses, writers, followed.at) if looks_up else None

    def watch(self) -> None:
        """Read ahead of requests from now on, in this process."""
        self.asking.watch()
        if self.followed is not None:
            self.followed.watch()

    def new_names(self, find_daemon: Callable[[], AskingDaemon | None]) -> Callable[[str], str | None]:
        return NetworkNames(self._networks, find_daemon).find_name

    def new_objects(self, find_daemon: Callable[[], AskingDaemon | None]) -> Objects | None:
        return self._objects.new_lookup(find_daemon) if self._objects else None

    @property
    def lookup_state(self) -> LookupState:
        """How the last lookup went."""
        return self._objects.state if self._objects else "off"

    @property
    def writers_failure(self) -> str:
        """Why the memory of writers could not be read or written the last time; empty: it could."""
        return self._writers.failure

    @property
    def names_fail(self) -> bool:
        """Whether the last lookup of a network had no answer."""
        return self._networks.has_failed
