"""What several containers can share, as the daemon's memories have it; plain values.

A container or a service with what it can write (observe/writers/writer_memory.py keeps it,
observe/writers/descriptors.py says who could have received a descriptor of whom).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Literal, Protocol

from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_types import JSON

State = Literal["new", "starting", "restarting", "runs", "rests"]
# The same for all, of which there are many: each empty set takes 216 bytes.
NO_RESOURCES = frozenset[str]()
# The resources of a container that sees the processes of all others, and of one whose namespaces are not known yet.
EVERYWHERE, UNKNOWN = "pid host", "unknown"


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


class Members(Protocol):
    """The memory of writers at one daemon, for one request.

    Each method raises Refused (writers-unknown) when it could not be read, saved or does not fit.
    """

    def find_all(self) -> Mapping[str, Member]:
        """By ID: the containers and services that were noted or seen last."""

    def has_other_for(self, one: Member) -> bool:
        """Whether one that starts can meet another one at a resource."""

    def note(self, started: Iterable[Member]) -> None:
        """Note what is allowed to start."""

    def list_changed(self, listed: Mapping[str, Mapping[str, JSON]]) -> Sequence[str]:
        """The containers in a list, by ID, that are not known to be as they were when a list was followed last."""

    def follow(
        self, listed: Mapping[str, Mapping[str, JSON]], seen: Mapping[str, Member], removed: Collection[str] = ()
    ) -> Mapping[str, Member]:
        """Note all that exist, by a list that was read in this request; returns those that hold something.

        `seen`: the services, and those that changed but for those that were removed since.
        """

    def change(self, id: str, change: Callable[[Member], Member]) -> None:
        """Note what was found out about one of them, if it is still known."""
