"""What is asked of the daemon, and which one asks: the protocol Objects, kinds of objects, its defaults, Peer.

No socket is opened here; observe/lookups does that.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple, Protocol, TypeAlias

from portero.decide.interfaces.effects import Pending
from portero.decide.interfaces.member import Members
from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.json_fields import JSON

# auto: the daemon is asked. off: PORTERO_LOOKUPS. unavailable: it has no socket here. unanswered: it did not answer.
LookupState = Literal["auto", "off", "unavailable", "unanswered"]
ObjectKind = Literal["container", "volume", "network", "image", "exec", "service", "task", "secret", "config"]
ListedKind = Literal["container", "network", "service"]
# Of these many are shown in one answer.
GatheredKind = Literal["secret", "config"]


class Objects(Protocol):
    """What exists at the daemon that asks. Each method raises Refused (lookup-failed) when it does not answer."""

    @property
    def members(self) -> Members | None:
        """What is remembered of containers that could write, and of those that can hold what they left."""

    @property
    def pending(self) -> Pending | None:
        """What others make and use just now."""

    @property
    def since(self) -> int:
        """When Portero began to judge, in seconds since 1970."""

    def list_all(self, kind: ListedKind) -> Iterable[Mapping[str, JSON]]:
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
    pending: Pending | None = None
    since: int = 0

    def refresh(self) -> bool:
        return False

    def gather(self, kind: GatheredKind, ids: Sequence[str]) -> None:
        return None  # one after the other costs nothing here

    def inspect_briefly(self, kind: ObjectKind, name: str) -> Mapping[str, JSON] | None:
        return self.inspect(kind, name)


# off: all are refused. off-after-restart: they will be, from dockerd's next start on. on: one of them is granted.
# unknown: they are off in the file, but the start of that dockerd cannot be seen.
Entitlements = Literal["off", "off-after-restart", "on", "unknown"]
Seccomp: TypeAlias = Literal["", "builtin", "unconfined", "custom"]


@dataclass(frozen=True, slots=True)
class Ulimit:
    """One of `default-ulimits`; -1 is unlimited."""

    name: str
    soft: int
    hard: int


@dataclass(frozen=True, slots=True)
class DaemonDefaults:
    """The daemon's defaults; empty, None or False: not set."""

    log_driver: str = ""
    log_options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    ulimits: tuple[Ulimit, ...] = ()
    no_new_privileges: bool = False
    runtime: str = ""
    cgroup_namespace: str = ""
    ipc_mode: str = ""
    shm_size: int | None = None  # bytes
    user_namespaces: bool = False  # whether root in a container is another user
    seccomp: Seccomp = ""
    seccomp_sha256: str | None = None  # of the profile's file, when it is custom; None: there is no such file
    network_options: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    entitlements: Entitlements = "on"  # of builds
    cgroup_v2: bool | None = None  # of the kernel, not of daemon.json; None: not visible


NO_DEFAULTS = DaemonDefaults()


class DockerdIdentity(NamedTuple):
    """A process ID is used again; together with its start (clock ticks since boot) it names one process for ever."""

    pid: int
    started: int


@dataclass(frozen=True, slots=True)
class Peer:
    """`pid`: 0 when the process is in a PID namespace that this process does not see. `uid`: its effective user.

    `identity`: of the dockerd that it was when it was looked at; None: it was none, or was not looked at.
    `is_identified`: it was, for this request.
    """

    pid: int
    uid: int
    identity: DockerdIdentity | None = None
    is_identified: bool = False
