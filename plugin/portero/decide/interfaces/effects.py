"""What an allowed request has others see: the value Effects, made while it is judged, and committed afterwards.

And what unanswered requests make and use: sources, names, what has an owner, and the protocol Pending.
"""

import re
from collections.abc import Collection, Sequence
from typing import Literal, Protocol, TypeAlias

from portero.decide.interfaces.member import Member, MemoryMoment, Sighting
from portero.decide.values.dataclass import dataclass

# The container of the request itself.
SELF = "this container"


@dataclass(frozen=True, slots=True)
class Source:
    """A mounted path of the host. `owner`: what mounts it, as a reason names it; `at`: where the request has it."""

    path: str
    writable: bool
    owner: str = SELF
    at: str = ""


# No container can have these as its name.
ANY, MADE, BUILT = "", "*", "*build"
# How dockerd names a container that gets no name (moby pkg/namesgenerator), and swarm that of a task.
_MADE_NAME = re.compile(r"[a-z]+_[a-z]+[0-9]?")
_TASK_NAME = re.compile(r".+\.[0-9a-z]{25}")


def can_be_made(name: str) -> bool:
    """Whether dockerd can give this name to a container that gets none."""
    return _MADE_NAME.fullmatch(name) is not None


def can_come_unasked(name: str) -> bool:
    """Whether dockerd can give a container this name where no request does: a task, a step of a classic build."""
    return can_be_made(name) or _TASK_NAME.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class NameUse:
    """A name of a container that a request copies to, or gives to a container.

    Given: ANY for whichever, MADE for one that dockerd makes itself, BUILT for those of a build, one after the other.
    """

    name: str
    is_copy: bool


@dataclass(frozen=True, slots=True)
class OwnedUse:
    """Volumes by name that a request makes where they are missing, each with its owner; "": none. Or `network NAME`.

    Two that make one of the same name for different owners clash: dockerd gives the later one the first one's volume,
    and makes two networks.
    """

    owners: frozenset[tuple[str, str]]


Use: TypeAlias = NameUse | OwnedUse


class Pending(Protocol):
    """What requests make and use that dockerd has not answered, as one request sees it."""

    @property
    def number(self) -> int:
        """Of what was asked for before this request asked dockerd."""

    @property
    def others(self) -> Sequence[Source]:
        """Of what was allowed before this request asked dockerd, and is not known to be there, or to have failed."""

    @property
    def ended(self) -> Collection[str]:
        """IDs of containers whose creation began before Portero did, and ended after it."""

    def may_give(self, name: str) -> bool:
        """Whether a create that is not waited for any more may be about to give this name, which none has."""

    def allows(self, use: Use) -> bool:
        """Whether it goes with what was allowed before this request asked dockerd."""


# state: that of a container, which its end changes, and nothing else of it. start: what the first start of a container
# changes, and no other one.
TouchedKind = Literal["container", "state", "start", "volume", "network"]
OF_CONTAINERS: Sequence[TouchedKind] = ("container", "state", "start")
MadeKind = Literal["container", "exec", "service", "pruned", "nothing", ""]


@dataclass(frozen=True, slots=True)
class Touch:
    """Objects of a kind whose facts a request can change: those that `ref` can mean; "": all of them."""

    kind: TouchedKind
    ref: str = ""


@dataclass(frozen=True, slots=True)
class PossibleChange:
    """`makes`: what the answer can name; "pruned": which containers are gone; "nothing": it ends a use.

    `name`: that of the new container, or the container of the exec. `lasts`: whether it counts until its answer comes;
    False: what it only ends, removes or makes is found by who asks after it was waited for.
    """

    touches: tuple[Touch, ...] = ()
    makes: MadeKind = ""
    name: str = ""
    lasts: bool = True


NOTHING = PossibleChange()
EVERYTHING = PossibleChange((Touch("container"), Touch("state"), Touch("volume"), Touch("network")))


@dataclass(frozen=True, slots=True)
class Effects:
    """`number`: of what others had asked for when this was found (Pending). `change`: what the request can change.

    `sources`: host paths of what it makes; `uses`: of names of containers, volumes, networks. `starting`: what starts;
    `sighting`: what a list showed before of all that can write, both beside the memory of writers at this `moment`.
    """

    number: int = 0
    change: PossibleChange = NOTHING
    sources: tuple[Source, ...] = ()
    uses: tuple[Use, ...] = ()
    moment: MemoryMoment | None = None
    sighting: Sighting | None = None
    starting: tuple[Member, ...] = ()


NO_EFFECTS = Effects()
