"""What an allowed request has others see: the value Effects, made while it is judged, and committed afterwards."""

from collections.abc import Sequence
from typing import Literal

from portero.decide.interfaces.member import Member, MemoryMoment, Sighting
from portero.decide.interfaces.pending_requests import Source, Use
from portero.decide.values.dataclass import dataclass

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

    `sources`: host paths of what it makes; `uses`: of names of containers, and of volumes. `starting`: what starts;
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
