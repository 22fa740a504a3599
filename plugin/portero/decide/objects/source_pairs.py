"""Sources of a request, or of a container that starts, beside those of all that exists at the daemon.

In: sources, and dockerd's lists, each read once for a request. Out: `objects.nestedSources` of the request document,
and what the memory of writers must note when the request is allowed.
"""

from collections.abc import Mapping, Sequence

from portero.decide.interfaces.daemon import Objects
from portero.decide.interfaces.existing import ExistingContainer
from portero.decide.interfaces.host import HostMoment
from portero.decide.interfaces.member import Member
from portero.decide.interfaces.pending_requests import Source
from portero.decide.objects import ended_writers, nested_sources
from portero.decide.objects.members import make_asking_member, make_started
from portero.decide.objects.nested_sources import find_nested, find_requested_name, was_created_since
from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.json_fields import as_object, text
from portero.decide.values.json_types import JSON
from portero.decide.values.refusals import Refused

# Each starts tasks without a request.
_SERVICES = ("ServiceCreate", "ServiceUpdate")
_CREATES = ("ContainerCreate", *_SERVICES)
# While fewer are remembered, those that can meet no other are, too: the memory has a bound.
_MAX_WITH_ALONE = 1000


@dataclass(slots=True)
class SourcePairs:
    """Compares sources at one moment. `starting`, `creating`: what starts and is made when the request is allowed."""

    objects: Objects
    host: HostMoment
    starting: dict[str, Member] = field(default_factory=dict)
    creating: tuple[Source, ...] = ()
    found: dict[tuple[Source, ...], list[JSON]] = field(default_factory=dict)
    _holders: list[Member] | None = None
    _name: str = ""

    def find_requested(self, document: Mapping[str, JSON]) -> dict[str, JSON]:
        """Those of a request. Raises Refused (lookup-failed, host-unreadable, writers-unknown)."""
        sources = tuple(nested_sources.list_requested(document, self.host))
        service = text(as_object(document["body"], ""), "Name") if document["operation"] in _SERVICES else ""
        if sources and sources not in self.found:
            self.found[sources] = self._find_pairs(sources, updated=service)
        if document["operation"] in _CREATES:
            self.creating, self._name = sources, find_requested_name(document)
        if service:
            service_member = make_asking_member(service, document, sources, self.host)
            self.starting = {service_member.id: service_member}
        return _make_objects(self.found[sources]) if sources else {}

    def find_at_start(self, container: ExistingContainer) -> dict[str, JSON]:
        """Those of containers that were created at the same time, when neither was in the list yet.

        Containers from before Portero started go on starting.
        """
        if not self._is_young(container.id, container.created, self.objects.since):
            return {}
        sources = list(nested_sources.list_mounted(container))
        pairs = self._find_pairs(sources, container.id, self.objects.since) if sources else []
        return _make_objects(pairs)

    def note_start(self, container: ExistingContainer) -> None:
        """A container that the request starts: who was gone before that left it nothing."""
        if self.objects.members is not None:
            one = make_started(container, self.host, self.objects)
            self.starting[one.id] = one
            if ended_writers.must_list([one], self.objects.members):
                self._follow()

    def note_allowed(self, id: str) -> bool:
        """Have others see what the request of this decision makes, and the memory what starts.

        False, and nothing is noted: what came meanwhile does not go with it. Raises Refused (writers-unknown).
        """
        creations = self.objects.creations
        if self.creating and creations is not None:
            paths = [Source(one.path, one.writable, self._name) for one in self.creating]
            if not creations.add(id, paths, self._passes_with):
                return False
        if self.starting and self.objects.members is not None:
            members = self.objects.members.find_all()
            # Its own namespace alone leads nowhere, but of one that is not known dockerd tells nothing while it starts.
            notes_alone = len(members) < _MAX_WITH_ALONE
            meeting = [
                one
                for one in self.starting.values()
                if len(one.shares) > 1 or one.is_service or (notes_alone and one.id not in members)
            ]
            if meeting:
                self.objects.members.note(meeting)
        return True

    def _is_young(self, id: str, created: JSON, since: int) -> bool:
        """Whether it was created since, or is one that dockerd was still creating when Portero started."""
        creations = self.objects.creations
        return was_created_since(created, since) or (creations is not None and id in creations.ended)

    def _passes_with(self, newer: Sequence[Source]) -> bool:
        return not find_nested(self.creating, newer, self.host)

    def _find_pairs(self, sources: Sequence[Source], id: str = "", since: int = 0, updated: str = "") -> list[JSON]:
        """The pairs with what other containers and services have that were made since, and with what is held."""
        try:
            holders, containers = self._follow(), self.objects.list_all("container")

            def counts(one: Mapping[str, JSON]) -> bool:
                return not id or ((its := text(one, "Id")) != id and self._is_young(its, one.get("Created"), since))

            services = [
                one for one in self.objects.list_all("service") if was_created_since(one.get("UpdatedAt"), since)
            ]
            others = [
                *nested_sources.list_others(containers, counts),
                *nested_sources.list_of_services(services, self.host, updated),
                *(self.objects.creations.others if self.objects.creations and not id else ()),
            ]
            held = ended_writers.list_held(one for one in holders if one.id != id)
            if held and find_nested(sources, held, self.host) and self.objects.members is not None:
                self._holders = ended_writers.drop_restarted(holders, self.objects, self.objects.members)
                held = ended_writers.list_held(one for one in self._holders if one.id != id)
            return find_nested(sources, [*others, *held], self.host)
        except Refused as refused:
            if refused.code in ("host-unreadable", "writers-unknown"):
                raise
            raise Refused("lookup-failed", sources[0].at) from refused

    def _follow(self) -> list[Member]:
        """What holds what is gone, by the lists as they are now."""
        if self._holders is None:
            members = self.objects.members
            if members is None:
                return []
            lists = self.objects.list_all("container"), self.objects.list_all("service")
            self._holders = ended_writers.follow_lists(*lists, self.host, self.objects, members)
        return self._holders


def _make_objects(pairs: list[JSON]) -> dict[str, JSON]:
    return {"nestedSources": pairs} if pairs else {}
