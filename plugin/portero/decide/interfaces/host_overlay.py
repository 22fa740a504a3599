"""A host whose networks and objects are partly given beforehand: those that the stand-in made, or inspected ones."""

from collections.abc import Callable, Iterable

from portero.decide.interfaces.daemon import DaemonDefaults, Objects, Peer
from portero.decide.interfaces.host import (
    NO_ROUTES,
    DeviceAccess,
    Host,
    HostEntry,
    HostMoment,
    HostRoutes,
    Passage,
    Trace,
)
from portero.decide.values.dataclass import dataclass, replace


@dataclass(frozen=True, slots=True)
class HostOverlay:
    """`host`, with `name_of` asked first for the name behind a network's ID (None: not known).

    `existing`: ranges and bridges of networks that exist, which do not count as the host's. `given`: the objects that
    exist, where no daemon asks.
    """

    host: Host
    name_of: Callable[[str], str | None]
    existing: HostRoutes = NO_ROUTES
    given: Objects | None = None

    def watch(self) -> None:
        self.host.watch()

    def protecting(self, protected: Iterable[str], links: Iterable[str] = ()) -> "HostOverlay":
        return replace(self, host=self.host.protecting(protected, links))

    def moment(self, peer: Peer | None = None, account: str = "") -> "HostOverlayMoment":
        return HostOverlayMoment(self.host.moment(peer, account), self.name_of, self.existing, self.given)


@dataclass(frozen=True, slots=True)
class HostOverlayMoment:
    """One moment of it. `existing`: None: the host's routes are not read, and there are none."""

    moment: HostMoment
    name_of: Callable[[str], str | None]
    existing: HostRoutes | None = NO_ROUTES
    given: Objects | None = None

    def find_entry(self, path: str) -> HostEntry:
        return self.moment.find_entry(path)

    def trace(self, path: str) -> Trace:
        return self.moment.trace(path)

    def find_passage(self, path: str) -> Passage:
        return self.moment.find_passage(path)

    def find_account(self, user: str) -> str:
        return self.moment.find_account(user)

    def network(self, name: str) -> str | None:
        return self.name_of(name) or self.moment.network(name)

    def routes(self) -> HostRoutes:
        """The routes of the host but for those of existing networks.

        Without a host at hand there are none: what is checked here is not executed here.
        """
        if self.existing is None or (routes := self.moment.routes()) is None:
            return NO_ROUTES
        return routes.exclude(self.existing)

    def daemon(self) -> DaemonDefaults:
        return self.moment.daemon()

    def device_access(self, *, commits: bool = False) -> DeviceAccess:
        return self.moment.device_access(commits=commits)

    def objects(self) -> Objects | None:
        return self.given or self.moment.objects()
