"""A request that uses existing objects, as each describer is handed it; and what was found out about them."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from portero.decide.decision import Violation
from portero.decide.facts.inspected import Inspected
from portero.decide.images.image_records import ImageRecords
from portero.decide.interfaces.effects import Effects, PossibleChange
from portero.decide.interfaces.host import HostMoment
from portero.decide.interfaces.pending_requests import Pending, Use
from portero.decide.objects.meanings import Meanings
from portero.decide.objects.named_objects import Named
from portero.decide.objects.source_pairs import SourcePairs
from portero.decide.policy.policy import Policy
from portero.decide.reading.routes import Operation
from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.json_types import JSON, Fact

# Judges the request that would make an object, on a host and with the existing objects that it uses.
JudgeObject: TypeAlias = Callable[[Inspected, HostMoment, Mapping[str, JSON]], Sequence[Violation]]


@dataclass(slots=True)
class ObjectFindings:
    """What was found out for one request about existing objects: a second document of it need not ask again.

    `is_whole`: False where containers name each other: one was judged before all of the other was known.
    """

    judged: dict[str, Sequence[Violation]] = field(default_factory=dict)  # by kind and ID
    described: dict[Named, Sequence[Fact]] = field(default_factory=dict)
    pairs: SourcePairs | None = None
    meanings: Meanings | None = None
    judging: set[str] = field(default_factory=set)  # those that are being judged, likewise
    is_whole: bool = True
    # Others see these uses once the request is allowed, which was judged by what was under way at this number.
    uses: tuple[Use, ...] = ()
    number: int = 0

    def find_meanings(self, host: HostMoment) -> Meanings | None:
        """What names mean at the daemon; None: it cannot be asked. Raises Refused (host-unreadable)."""
        if self.meanings is None and (objects := host.objects()) is not None:
            self.meanings = Meanings(objects)
        return self.meanings

    def add_use(self, use: Use, pending: Pending) -> None:
        self.uses, self.number = (*self.uses, use), pending.number

    def make_effects(self, change: PossibleChange) -> Effects:
        """What others see of the request, which can change this, once it is allowed."""
        if self.pairs is not None:
            return self.pairs.make_effects(change, self.uses)
        return Effects(self.number, change, (), self.uses)


@dataclass(frozen=True, slots=True)
class ObjectUse:
    """`document`: of the request, in which `objects` are still missing. `profile`: that is enforced.

    `images`: opens what was fetched; None: nothing was. `time`: in seconds since 1970.
    """

    operation: Operation
    document: Mapping[str, JSON]
    host: HostMoment
    findings: ObjectFindings
    judge: JudgeObject
    policy: Policy
    profile: str
    images: ImageRecords | None
    time: float

    @property
    def looks_up(self) -> Sequence[str]:
        """As in operations.json."""
        return self.operation.looks_up

    @property
    def meanings(self) -> Meanings | None:
        """None: the daemon cannot be asked, as with PORTERO_LOOKUPS=off."""
        return self.findings.find_meanings(self.host)
