"""What facts ask about the host: the interfaces Host and HostMoment, and the answers HostEntry and Trace.

No file and no socket is opened here; live_host.py and objects/ do that.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from portero.dockerd.daemon_defaults import DaemonDefaults
from portero.dockerd.device_access import DeviceAccess
from portero.dockerd.peer import Peer
from portero.files.symlinks import Kind
from portero.host.member import Creations, Members, NamesInUse
from portero.host.network import HostRoutes
from portero.reading.routes import ApiRequest
from portero.refusals import Refused
from portero.values.json_types import JSON

# auto: the daemon is asked. off: PORTERO_LOOKUPS. unavailable: it has no socket here. unanswered: it did not answer.
LookupState = Literal["auto", "off", "unavailable", "unanswered"]
ObjectKind = Literal["container", "volume", "network", "image", "exec", "service", "secret", "config"]
ListedKind = Literal["container", "network", "service"]
# Of these many are shown in one answer.
GatheredKind = Literal["secret", "config"]

# A swarm's network ID (moby/swarmkit identity/randomid.go: 25 digits to base 36) or a local one, whole or cut short.
_NETWORK_ID = re.compile(r"[0-9a-z]{25}|[0-9a-f]{12,64}")
_BEGINNING_OF_ID = re.compile(r"[0-9a-z]{1,25}|[0-9a-f]{1,64}")


@dataclass(frozen=True, slots=True)
class HostEntry:
    """What is at a path of the host."""

    resolved: str | None  # the path after symbolic links; None: they could not be followed
    kind: Kind
    holds: tuple[str, ...]  # sockets of daemons and of root at or below the path; Portero's own files there, or around
    written: tuple[str, ...] = ()  # what of Portero and of dockerd's programs is changed by who may write there
    user_sockets: tuple[str, ...] = ()  # sockets at or below the path on which processes of other users listen
    daemon_files: tuple[str, ...] = ()  # the asking daemon's configuration and runtime files there, or around it
    docker_data: tuple[str, ...] = ()  # data of dockerds and of containerd there, or around it
    root_programs: tuple[str, ...] = ()  # what root executes or loads there, or around it
    readable_by_all: bool = field(default=False, kw_only=True)  # a file that every user of the host may read
    owner_only: bool = field(default=False, kw_only=True)  # a file that only its owner may read
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


@dataclass(frozen=True, slots=True)
class Passage:
    """How the kernel gets to a path; what a Trace has of it that costs little."""

    resolved: str | None = None  # the path after symbolic links; None: they could not be followed
    passes: tuple[str, ...] = ()  # the folders on the way, under all their names
    names: tuple[str, ...] = ()  # other names of what is there, by mounts of the host
    kind: Kind = "unknown"


class Objects(Protocol):
    """What exists at the daemon that asks. Each method raises Refused (lookup-failed) when it does not answer."""

    @property
    def members(self) -> Members | None:
        """What is remembered of containers that could write, and of those that can hold what they left."""

    @property
    def creations(self) -> Creations | None:
        """What others are creating just now."""

    @property
    def names(self) -> NamesInUse | None:
        """Names of containers that others use just now."""

    @property
    def since(self) -> int:
        """When Portero began to judge, in seconds since 1970."""

    def list_all(self, kind: ListedKind) -> Sequence[Mapping[str, JSON]]:
        """All objects of a kind, as the API lists them; stopped containers too."""

    def inspect(self, kind: ObjectKind, name: str) -> Mapping[str, JSON] | None:
        """What docker inspect shows of an object, by name or ID; None: the daemon has none."""

    def gather(self, kind: GatheredKind, ids: Sequence[str]) -> None:
        """Look these up in few questions; `inspect` then has them."""

    def inspect_briefly(self, kind: ObjectKind, name: str) -> Mapping[str, JSON] | None:
        """The same as it is just now, for what a request can do without; Refused soon: time is left for others."""

    def info(self) -> Mapping[str, JSON]:
        """What docker info shows."""

    def refresh(self) -> bool:
        """Find everything anew, at the daemon itself; False: it came from there."""


class StillObjects(Objects, Protocol):
    """Of what exists for a command nothing runs, and nothing changes meanwhile: all that is made counts, in turn."""

    __slots__ = ()
    members: Members | None = None
    creations: Creations | None = None
    names: NamesInUse | None = None
    since: int = 0

    def refresh(self) -> bool:
        return False

    def gather(self, kind: GatheredKind, ids: Sequence[str]) -> None:
        return None  # one after the other costs nothing here

    def inspect_briefly(self, kind: ObjectKind, name: str) -> Mapping[str, JSON] | None:
        return self.inspect(kind, name)


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


class Follower(Protocol):
    """Follows what requests change at the daemons that ask."""

    def watch(self) -> None:
        """Read ahead of requests from now on, in this process."""

    def has_room_for(self, user: str, peer: Peer | None) -> bool:
        """Whether another change by this user can be followed; "": one who is not known."""

    def note_allowed(self, id: str, data: bytes, request: ApiRequest | None, peer: Peer | None, user: str = "") -> None:
        """A request is allowed: before dockerd is answered. `id`: of the decision. `request`: None: it is not read."""

    def note_refused(self, id: str) -> None:
        """A request is refused that may have been allowed by its rules. `id`: of the decision."""

    def note_result(self, data: bytes, peer: Peer, send: Callable[[], None] | None = None) -> None:
        """What dockerd posts after a request. `send` answers it, before it is noted; None: that is done later."""

    def wait_for_results(self) -> None:
        """Wait until what was answered is noted."""

    def count_differences(self) -> int:
        """How often something else was found than what the requests made of it."""


class Host(Protocol):
    """A host, for as long as the process runs."""

    def watch(self) -> None:
        """Read ahead of requests from now on, in this process."""

    def moment(self, peer: Peer | None = None) -> HostMoment:
        """The host as it is now, for one request of this peer; None: it is asked by no daemon."""


def is_network_id(name: str) -> bool:
    """Whether this looks like a network's ID, whole or cut to the length that Docker shows."""
    return _NETWORK_ID.fullmatch(name) is not None


def may_begin_network_id(name: str) -> bool:
    """Whether Docker may take this for the beginning of an ID: it completes any that no network has as its name."""
    return _BEGINNING_OF_ID.fullmatch(name) is not None


class _RefuseUnreadable:
    """A generator of contextlib would take four times as long, ten times in a create."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, OSError):
            raise Refused("host-unreadable") from error


_BLOCK = _RefuseUnreadable()


def refuse_unreadable() -> _RefuseUnreadable:
    """For `with`: an OSError in the block is raised as Refused (host-unreadable); unread is not the same as empty."""
    return _BLOCK
