"""What facts ask about the host: the interfaces Host and HostMoment, and the answers HostEntry and Trace.

No file and no socket is opened here; observe.host and observe.lookups do that.
"""

from collections.abc import Iterable
from typing import Literal, Protocol

from portero.decide.interfaces.daemon import DaemonDefaults, Objects, Peer
from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.ip_ranges import Network, contains
from portero.decide.values.path import Kind
from portero.decide.values.refusals import Refused

DeviceAccess = Literal["closed", "open", "changed", "unknown"]


@dataclass(frozen=True, slots=True)
class HostRoutes:
    """`ranges`: addresses and routes, but for default routes and what belongs to Docker's own bridges."""

    ranges: tuple[Network, ...]
    interfaces: frozenset[str]

    def exclude(self, excluded: "HostRoutes") -> "HostRoutes":
        """Without what lies in the excluded ranges, and without their interfaces."""
        remaining = [
            network for network in self.ranges if not any(contains(outer, network) for outer in excluded.ranges)
        ]
        return HostRoutes(tuple(remaining), self.interfaces - excluded.interfaces)

    def find_overlaps(self, subnet: Network) -> tuple[str, ...]:
        """The ranges of the host that share an address with the subnet."""
        of_version = (network for network in self.ranges if network.version == subnet.version)
        return tuple(str(network) for network in of_version if network.overlaps(subnet))


NO_ROUTES = HostRoutes((), frozenset())


@dataclass(frozen=True, slots=True)
class HostEntry:
    """What is at a path of the host."""

    resolved: str | None  # the path after symbolic links; None: they could not be followed
    kind: Kind
    holds: tuple[str, ...]  # sockets of daemons and of root at or below the path; Portero's own files there, or around
    written: tuple[str, ...] = ()  # what of Portero and of dockerd's programs is changed by who may write there
    user_sockets: tuple[str, ...] = ()  # sockets at or below the path on which processes of users but the caller listen
    daemon_files: tuple[str, ...] = ()  # the asking daemon's configuration and runtime files there, or around it
    docker_data: tuple[str, ...] = ()  # data of dockerds and of containerd there, or around it
    root_programs: tuple[str, ...] = ()  # what root executes or loads there, or around it
    readable_by_all: bool = field(default=False, kw_only=True)  # a file that every user of the host may read
    owner_only: bool = field(default=False, kw_only=True)  # a file that only its owner may read
    file_size: int = field(default=0, kw_only=True)  # of a file, in bytes
    of_login: tuple[str, ...] = field(default=(), kw_only=True)  # names of it that a login of a user runs or reads


@dataclass(frozen=True, slots=True)
class Swap:
    """An entry on the way to a path, and who can replace it by a link."""

    who: str  # such as "user alicia (1000)"
    path: str


@dataclass(frozen=True, slots=True)
class Trace:
    """How the kernel gets to a path, and what else it opens there."""

    passes: tuple[str, ...] = ()  # the folders on the way, under all their names
    swaps: tuple[Swap, ...] = ()  # who but root can replace an entry on the way; in the order of the way
    reaches: tuple[str, ...] = ()  # other names of the place, and of what lies or is mounted below it
    kernel_types: tuple[str, ...] = ()  # file systems of the kernel at or below the path, such as proc
    mounts_below: tuple[str, ...] = ()  # where something is mounted below the path
    seen: bool = True  # False: this process cannot tell who owns a folder on the way
    unseen_homes: tuple[str, ...] = ()  # homes at the path whose links could not be listed
    writers: tuple[str, ...] = ()  # who but root can make entries in the folder that is there
    nearest: str = ""  # where nothing is at the path: the last folder on the way that is there


@dataclass(frozen=True, slots=True)
class Passage:
    """How the kernel gets to a path; what a Trace has of it that costs little."""

    resolved: str | None = None  # the path after symbolic links; None: they could not be followed
    passes: tuple[str, ...] = ()  # the folders on the way, under all their names
    names: tuple[str, ...] = ()  # other names of what is there, by mounts of the host
    kind: Kind = "unknown"


class HostMoment(Protocol):
    """The host as one request sees it: what is asked twice is looked up once.

    Each method raises Refused (host-unreadable) when the host could not be read.
    """

    def find_entry(self, path: str) -> HostEntry:
        """What is at a cleaned absolute path."""

    def trace(self, path: str) -> Trace:
        """How the kernel gets to a cleaned absolute path; nothing for a path that cannot be followed."""

    def find_passage(self, path: str) -> Passage:
        """Where a cleaned absolute path leads, and the folders on the way."""

    def find_account(self, user: str) -> str:
        """The local account with a login that a container's user is, by number or name; empty: none, the caller's."""

    def network(self, name: str) -> str | None:
        """The name behind a network ID; None: it could not be found out."""

    def daemon(self) -> DaemonDefaults:
        """The defaults that dockerd gives to containers and networks."""

    def device_access(self, *, commits: bool = False) -> DeviceAccess:
        """Whether dockerd may open devices; `commits`: or the containerd that reads containers for these."""

    def routes(self) -> HostRoutes | None:
        """Addresses, routes and interfaces where dockerd makes networks; None: they are not visible."""

    def objects(self) -> Objects | None:
        """What exists at the daemon; None: it cannot be asked, or need not be (PORTERO_LOOKUPS)."""


class Host(Protocol):
    """A host, for as long as the process runs."""

    def watch(self) -> None:
        """Read ahead of requests from now on, in this process."""

    def protecting(self, protected: Iterable[str], links: Iterable[str] = ()) -> "Host":
        """The same host, by a policy that protects these paths and has these links in its folders."""

    def moment(self, peer: Peer | None = None, account: str = "") -> HostMoment:
        """The host as it is now, for one request of this peer; None: it is asked by no daemon.

        `account`: the caller's; empty: not known.
        """


class _RefuseUnreadable:
    """For `with`: an OSError in the block is raised as Refused (host-unreadable); unread is not the same as empty.

    A generator of contextlib would take four times as long, ten times in a create.
    """

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, OSError):
            raise Refused("host-unreadable") from error


refuse_unreadable = _RefuseUnreadable()
