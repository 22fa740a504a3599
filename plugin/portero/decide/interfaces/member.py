"""What several containers can share, as the daemon's memories have it; plain values.

A container or a service with what it can write (observe/writers/writer_memory.py keeps it,
observe/writers/descriptors.py says who could have received a descriptor of whom).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple, Protocol, TypeAlias

from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON

State = Literal["new", "starting", "restarting", "runs", "rests"]
# The same for all, of which there are many: each empty set takes 216 bytes.
NO_RESOURCES = frozenset[str]()
# The resources of a container that sees the processes of all others, and of one whose namespaces are not known yet.
EVERYWHERE, UNKNOWN = "pid host", "unknown"
# The containers in a list, by ID.
Listed: TypeAlias = Mapping[str, Mapping[str, JSON]]
# A container in a list as it is now, by its ID and what it was before; None: it is gone.
ReadMember: TypeAlias = "Callable[[str, Member | None], Member | None]"


@dataclass(frozen=True, slots=True)
class Member:
    """What can be passed on to whom.

    A resource is where two containers can meet at a socket: a path of the host ("/srv/media"), "volume NAME",
    "namespace ID" of the container to which it belongs, "network host", EVERYWHERE or UNKNOWN. `shares`: its own;
    `writes`: those in which it can make a socket, or replace what lies below. `held`: those that containers which
    have ended could write, and of which this one can have a descriptor. `run`: its run when it can have got the last of
    them, by StartedAt of docker inspect; "": not known.
    `state`: new (never started), starting (for the first time, and not seen running since), restarting, runs,
    rests (it ended).
    `since`: when its start was requested, by time.monotonic(). `turn`: the turn of the memory when it was last noted.
    """

    id: str
    name: str
    shares: frozenset[str] = NO_RESOURCES
    writes: frozenset[str] = NO_RESOURCES
    held: frozenset[str] = NO_RESOURCES
    run: str = ""
    state: State = "rests"
    since: float = 0.0
    turn: int = 0

    @property
    def is_service(self) -> bool:
        """Whether it stands for the tasks of a service."""
        return self.id.startswith("service ")

    @property
    def may_run(self) -> bool:
        return self.state in ("starting", "restarting", "runs")

    @property
    def lasts(self) -> bool:
        """Whether it stays as it is while a list shows the same of it."""
        is_plain = self.state not in ("starting", "restarting") and not self.is_service
        return is_plain and not self.held and UNKNOWN not in self.shares


class MemoryMoment(NamedTuple):
    """Which daemon's memory, as which dockerd was asked, and when: what was committed later has a later turn."""

    daemon: str
    process: str
    turn: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one list shows of all that exist.

    `seen`: the services, and those in the list that are not known to be as they were, but for those that were `removed`
    since. `foreseen`: who holds something by it; `holders`: the same, with what was found out about them.
    """

    listed: Listed
    seen: Mapping[str, Member]
    removed: frozenset[str]
    foreseen: Mapping[str, Member]
    holders: Mapping[str, Member]

    def list_found(self, members: Mapping[str, Member]) -> dict[str, Member]:
        """The holders of which more was found out, those that became otherwise meanwhile left out."""
        return {
            id: one
            for id, one in self.holders.items()
            if one != (foreseen := self.foreseen[id]) and members.get(id) == foreseen
        }


class Members(Protocol):
    """The memory of writers at one daemon, as one request sees it. What it finds out changes nothing here.

    Each method raises Refused (writers-unknown) when it could not be read.
    """

    @property
    def moment(self) -> MemoryMoment:
        """When the request began: each list that it reads is younger."""

    def has_other_for(self, one: Member) -> bool:
        """Whether one that starts can meet another one at a resource."""

    def follow(self, listed: Listed, services: Iterable[Member], read: ReadMember) -> Sighting:
        """What the list and these services show. `read`: of those that are not known to be as they were."""
