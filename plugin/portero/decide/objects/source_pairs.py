"""Sources of a request, or of a container that starts, beside those of all that exists at the daemon.

In: sources, and dockerd's lists, each read once for a request. Out: `objects.nestedSources` of the request document,
and the effects that it has when it is allowed.
"""

from collections.abc import Mapping, Sequence

from portero.decide.interfaces.daemon import Objects
from portero.decide.interfaces.effects import Effects, PossibleChange, Source, Use
from portero.decide.interfaces.existing import ExistingContainer
from portero.decide.interfaces.host import HostMoment
from portero.decide.interfaces.member import Member, Sighting
from portero.decide.objects import ended_writers, nested_sources
from portero.decide.objects.ended_writers import make_asking_member, make_started
from portero.decide.objects.nested_sources import find_nested, find_requested_name
from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.json_fields import JSON, as_object, text
from portero.decide.values.refusals import Refused
from portero.decide.values.times import format_second

# Each starts tasks without a request.
_SERVICES = ("ServiceCreate", "ServiceUpdate")
_CREATES = ("ContainerCreate", *_SERVICES)


@dataclass(slots=True)
class SourcePairs:
    """Compares sources at one moment. `starting`, `creating`: what starts and is made when the request is allowed.

    `sighting`: what its lists show of those that can write; None: they were not needed.
    """

    objects: Objects
    host: HostMoment
    starting: dict[str, Member] = field(default_factory=dict)
    creating: tuple[Source, ...] = ()
    found: dict[tuple[Source, ...], list[JSON]] = field(default_factory=dict)
    sighting: Sighting | None = None

    def find_requested(self, document: Mapping[str, JSON]) -> dict[str, JSON]:
        """Those of a request. Raises Refused (lookup-failed, host-unreadable, writers-unknown)."""
        sources = tuple(nested_sources.list_requested(document, self.host))
        service = text(as_object(document["body"], ""), "Name") if document["operation"] in _SERVICES else ""
        if sources and sources not in self.found:
            self.found[sources] = self._find_pairs(sources, updated=service)
        if document["operation"] in _CREATES:
            name = find_requested_name(document)
            self.creating = tuple(Source(one.path, one.writable, name) for one in sources)
        if service:
            service_member = make_asking_member(service, document, sources, self.host)
            self.starting = {service_member.id: service_member}
        return _make_objects(self.found[sources]) if sources else {}

    def find_at_start(self, container: ExistingContainer) -> dict[str, JSON]:
        """Those of containers that were created at the same time, when neither was in the list yet.

        Containers from before Portero started go on starting.
        """
        if not self._is_young(container.id, container.shown.get("Created"), self.objects.since):
            return {}
        sources = container.sources
        pairs = self._find_pairs(sources, container.id, self.objects.since) if sources else []
        return _make_objects(pairs)

    def note_start(self, container: ExistingContainer) -> None:
        """A container that the request starts: who was gone before that left it nothing."""
        if self.objects.members is not None:
            one = make_started(container, self.host, self.objects)
            self.starting[one.id] = one
            if self.objects.members.has_other_for(one):
                self.follow()

    def make_effects(self, change: PossibleChange, uses: tuple[Use, ...]) -> Effects:
        """What others see of this request once it is allowed."""
        members, pending = self.objects.members, self.objects.pending
        return Effects(
            pending.number if pending else 0,
            change,
            self.creating if pending else (),
            uses,
            members.moment if members else None,
            self.sighting,
            tuple(self.starting.values()) if members else (),
        )

    def _is_young(self, id: str, created: JSON, since: int) -> bool:
        """Whether it was created since, or is one that dockerd was still creating when Portero started."""
        pending = self.objects.pending
        return _was_created_since(created, since) or (pending is not None and id in pending.ended)

    def _find_pairs(self, sources: Sequence[Source], id: str = "", since: int = 0, updated: str = "") -> list[JSON]:
        """The pairs with what other containers and services have that were made since, and with what is held."""
        try:
            sighting, containers = self.follow(), self.objects.list_all("container")

            def counts(one: Mapping[str, JSON]) -> bool:
                return not id or ((its := text(one, "Id")) != id and self._is_young(its, one.get("Created"), since))

            services = [
                one for one in self.objects.list_all("service") if _was_created_since(one.get("UpdatedAt"), since)
            ]
            others = [
                *nested_sources.list_others(containers, counts),
                *(path for one in services for path in nested_sources.list_of_service(one, self.host, updated)),
                *(self.objects.pending.others if self.objects.pending and not id else ()),
            ]
            held = _list_held(sighting, id)
            if sighting and held and find_nested(sources, held, self.host):
                self.sighting = ended_writers.drop_restarted(sighting, self.objects)
                held = _list_held(self.sighting, id)
            return find_nested(sources, [*others, *held], self.host)
        except Refused as refused:
            if refused.code in ("host-unreadable", "writers-unknown"):
                raise
            raise Refused("lookup-failed", sources[0].at) from refused

    def follow(self) -> Sighting | None:
        """What holds what is gone, by the lists as they are now; None: there is no memory."""
        if self.sighting is None and (members := self.objects.members) is not None:
            lists = self.objects.list_all("container"), self.objects.list_all("service")
            self.sighting = ended_writers.follow_lists(*lists, self.host, self.objects, members)
        return self.sighting


def _list_held(sighting: Sighting | None, id: str) -> list[Source]:
    return ended_writers.list_held(one for one in sighting.holders.values() if one.id != id) if sighting else []


def _make_objects(pairs: list[JSON]) -> dict[str, JSON]:
    return {"nestedSources": pairs} if pairs else {}


def _was_created_since(created: JSON, since: int) -> bool:
    """Whether that is so young, in seconds since 1970. A list has its time so, docker inspect as UTC text."""
    if isinstance(created, str):
        return created[:19] >= format_second(since)[:19]
    return (created if isinstance(created, int) else 0) >= since
