"""A request that uses existing objects, as each describer is handed it; and what was found out about them.

dockerd takes a name for the beginning of an ID when no object has that name. A user who renames or removes the object
of that name after the lookup then gets the other one, so the others that a name can come to mean are found, too.
Measured: a privileged container started so within 0.4 s. Here alone a lost answer becomes `lookup-failed`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias, cast

from portero.decide.decision import Violation
from portero.decide.facts.inspected import Inspected
from portero.decide.images.trust import ImageRecords
from portero.decide.interfaces.daemon import GatheredKind, ListedKind, ObjectKind, Objects
from portero.decide.interfaces.effects import Effects, Pending, PossibleChange, Use
from portero.decide.interfaces.existing import ExistingContainer, ExistingObject
from portero.decide.interfaces.host import HostMoment
from portero.decide.objects.named_objects import Named
from portero.decide.objects.source_pairs import SourcePairs
from portero.decide.policy.policy import Policy
from portero.decide.reading.routes import Operation
from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.docker_names import may_begin_id, may_begin_network_id, may_begin_swarm_id
from portero.decide.values.json_fields import JSON, Fact, text
from portero.decide.values.refusals import Refused, locate_lookup

# No user can make an object whose ID begins with so many given characters.
_SURE = 12
_MAY_BEGIN: Mapping[ObjectKind, Callable[[str], bool]] = {
    "container": may_begin_id,
    "network": may_begin_network_id,
    "service": may_begin_swarm_id,
}
_GATHERED: Sequence[GatheredKind] = ("secret", "config")


class located:  # noqa: N801 - used as a function is, and quicker than a generator
    """For `with`: what a lookup in the block is refused for, is refused at this place of the request."""

    __slots__ = ("_at",)

    def __init__(self, at: str) -> None:
        self._at = at

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, Refused) and error.code != "writers-unknown":
            raise locate_lookup(error, self._at) from error


@dataclass(frozen=True, slots=True)
class Meanings:
    """Those of one request. Each method raises Refused at the place where the request has the name.

    lookup-failed: the daemon does not answer, or shows what it never would; too-many-objects, name-ambiguous.
    """

    objects: Objects
    _shown: dict[tuple[ObjectKind, str], ExistingObject | None] = field(default_factory=dict)
    _others: dict[tuple[ObjectKind, str], Sequence[ExistingObject]] = field(default_factory=dict)

    def find(self, named: Named) -> Iterator[ExistingObject]:
        """What a name means now, and then what it can come to mean; of an exec its container alone."""
        kind, name = named.kind, named.name
        found = self.inspect(kind, name, named.at)
        if found is not None and kind == "exec":
            found = self.inspect("container", text(found.shown, "ContainerID"), named.at)
        if found is not None:
            yield found
            if kind != "exec":
                yield from self.list_others(found, name, named.at)

    def find_containers(self, name: str, at: str) -> Iterator[ExistingContainer]:
        """The same of a container."""
        return cast(Iterator[ExistingContainer], self.find(Named("container", name, at)))

    def inspect(self, kind: ObjectKind, name: str, at: str) -> ExistingObject | None:
        """What a name means now; None: the daemon has no such object."""
        if (kind, name) not in self._shown:
            with located(at):
                shown = self.objects.inspect(kind, name)
                self._shown[kind, name] = None if shown is None else ExistingObject.of(kind, shown)
        return self._shown[kind, name]

    def recall_removed(self, name: str) -> str:
        """The name of a container that was inspected, and that dockerd removes when it has ended; empty: no such."""
        found = self._shown.get(("container", name))
        is_removed = isinstance(found, ExistingContainer) and found.host_config.get("AutoRemove") is True
        return found.name if found is not None and is_removed else ""

    def gather(self, named: Iterable[Named]) -> None:
        """Look up secrets and configs together: a service can have hundreds. `find` then has them."""
        for kind in _GATHERED:
            those = [one for one in named if one.kind == kind and (kind, one.name) not in self._shown]
            if len(those) > 1:
                with located(those[0].at):
                    self.objects.gather(kind, [one.name for one in those])

    def list_others(self, found: ExistingObject, name: str, at: str) -> Sequence[ExistingObject]:
        """Each other object whose ID begins with the name."""
        may_begin, is_sure = _MAY_BEGIN.get(found.kind), found.id.startswith(name) and len(name) >= _SURE
        if may_begin is None or not may_begin(name) or is_sure:
            return ()
        kind = cast(ListedKind, found.kind)
        if (kind, name) not in self._others:
            with located(at):
                ids = [text(one, "Id") or text(one, "ID") for one in self.objects.list_all(kind)]
            begun = (self.inspect(kind, id, at) for id in ids if id != found.id and id.startswith(name))
            self._others[kind, name] = [one for one in begun if one is not None]
        return self._others[kind, name]


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
