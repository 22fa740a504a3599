"""The daemons that ask, beside the host: what is known of them between requests, and what their requests can change."""

from collections.abc import Callable, Iterable

from portero.decide.interfaces.daemon import LookupState, Objects
from portero.decide.reading.routes import Routes
from portero.observe.dockerd.asking_daemon import AskingDaemon
from portero.observe.dockerd.finder import AskingDaemons
from portero.observe.lookups.followed_daemons import FollowedDaemons
from portero.observe.lookups.lookup import DaemonObjects
from portero.observe.lookups.network_names import DaemonNetworks
from portero.observe.writers.writer_memory import WriterMemory


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
        """The function from a network's ID to its name for one request; None: it could not be found out."""
        return self._networks.new_lookup(find_daemon)

    def new_objects(self, find_daemon: Callable[[], AskingDaemon | None]) -> Objects | None:
        """The lookups of one request; None: the daemon cannot be asked, or is not."""
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
