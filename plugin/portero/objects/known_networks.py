"""A host whose networks are partly known beforehand: those that the stand-in made, or that were inspected."""

from collections.abc import Callable
from dataclasses import dataclass

from portero.dockerd.daemon_defaults import DaemonDefaults
from portero.dockerd.peer import Peer
from portero.host.network import NO_ROUTES, HostRoutes
from portero.host.view import Host, HostEntry, HostMoment, Objects, Passage, Trace


@dataclass(frozen=True, slots=True)
class KnownNetworks:
    """`host`, with `name_of` asked first for the name behind a network's ID (None: not known).

    `own`: ranges and bridges of networks that exist, which do not count as the host's.
    """

    host: Host
    name_of: Callable[[str], str | None]
    own: HostRoutes = NO_ROUTES

    def watch(self) -> None:
        """Read ahead of requests from now on."""
        self.host.watch()

    def moment(self, peer: Peer | None = None) -> "KnownNetworksMoment":
        """A moment of the host, with the known names."""
        return KnownNetworksMoment(self.host.moment(peer), self.name_of, self.own)


@dataclass(frozen=True, slots=True)
class KnownNetworksMoment:
    """What one request sees of a host with known networks."""

    moment: HostMoment
    name_of: Callable[[str], str | None]
    own: HostRoutes = NO_ROUTES

    def look(self, path: str) -> HostEntry:
        """What is at the path on the host."""
        return self.moment.look(path)

    def trace(self, path: str) -> Trace:
        """How the kernel gets to the path on the host."""
        return self.moment.trace(path)

    def find_passage(self, path: str) -> Passage:
        """Where the path leads on the host."""
        return self.moment.find_passage(path)

    def network(self, name: str) -> str | None:
        """The known name, else the host's."""
        return self.name_of(name) or self.moment.network(name)

    def routes(self) -> HostRoutes:
        """The routes of the host but for those of existing networks.

        Without a host at hand there are none: what is checked here is not executed here.
        """
        routes = self.moment.routes()
        return NO_ROUTES if routes is None else routes.without(self.own)

    def daemon(self) -> DaemonDefaults:
        """The defaults of the host's daemon."""
        return self.moment.daemon()

    def objects(self) -> Objects | None:
        """Those of the host's daemon."""
        return self.moment.objects()
