"""Folders that a container could write which has ended, while another one can hold a descriptor of them.

In: dockerd's lists of containers and services, and what the memory of writers makes of them. Out: a sighting, which it
follows when the request is allowed; the folders that containers can still write without a mount of them, as sources to
compare with those of a request.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress

from portero.decide.interfaces.container_list import ContainerList
from portero.decide.interfaces.daemon import Objects
from portero.decide.interfaces.existing import NAMESPACES, ExistingContainer
from portero.decide.interfaces.host import HostMoment
from portero.decide.interfaces.member import NO_RESOURCES, UNKNOWN, Member, Members, Sighting, State
from portero.decide.interfaces.pending_requests import Source
from portero.decide.objects.members import find_name, make_member, make_service
from portero.decide.values.dataclass import replace
from portero.decide.values.json_fields import child, text
from portero.decide.values.json_types import JSON
from portero.decide.values.refusals import Refused

# Each other state, of a later engine too, is one in which it may run.
_RESTS = ("exited", "dead", "")
# Of a container that was there before Portero, the namespaces are asked for, of so many in one request.
_MAX_INSPECTED = 32
# Since when what can hold something runs is asked for, of so many in one request.
_MAX_RUNS = 8
# So many may be silent, since they hang in a start.
_MAX_SILENT = 2


def must_list(started: Iterable[Member], members: Members) -> bool:
    """Whether what starts can meet one that is remembered: who has ended by then left it nothing."""
    return any(members.has_other_for(one) for one in started)


def follow_lists(
    containers: Iterable[Mapping[str, JSON]],
    services: Iterable[Mapping[str, JSON]],
    host: HostMoment,
    existing: Objects,
    members: Members,
) -> Sighting:
    """What these lists show beside what the memory knows, with those that can hold what has ended."""
    listed = ContainerList.of(containers).by_id
    before, seen, unknown, silent, removed = members.find_all(), dict[str, Member](), 0, 0, set[str]()
    # Most are as they were; making them anew takes its time where there are many.
    for id in members.list_changed(listed):
        container = ExistingContainer.read(listed[id])
        name, state = find_name(container), _find_state(container)
        member = before.get(id)
        if member is None or UNKNOWN in member.shares:
            # A list of the picture has them of what it read alone.
            needs_inspect = not container.host_config.keys() >= {*NAMESPACES}
            unknown += needs_inspect
            shown: Mapping[str, JSON] | None = container.shown
            if needs_inspect and unknown <= _MAX_INSPECTED and silent < _MAX_SILENT:
                try:
                    shown = existing.inspect_briefly("container", id)
                except Refused:
                    silent += 1
            if shown is None:
                removed.add(id)
                continue
            whole = ExistingContainer.read({**container.shown, "HostConfig": shown["HostConfig"]})
            member = make_member(whole, host, existing)
            if shown is container.shown and needs_inspect:
                member = replace(member, shares=member.shares | {UNKNOWN})
        if member.held or (member.name, member.state) != (name, state):
            member = replace(member, name=name, state=state, held=NO_RESOURCES, run="")
        seen[id] = member
    for service in services:
        member = make_service(service, host)
        seen[member.id] = member
    foreseen = members.foresee(listed, seen, frozenset(removed))
    holders = {**foreseen}
    # Of others a later request asks: who was started again meanwhile is taken for a holder all the longer.
    for one in [one for one in holders.values() if one.state == "runs" and not one.run][:_MAX_RUNS]:
        with suppress(Refused):
            holders[one.id] = replace(one, run=_find_run(one, existing))
    return Sighting(listed, seen, frozenset(removed), foreseen, holders)


def _find_state(container: ExistingContainer) -> State:
    return "new" if container.state == "created" else "rests" if container.state in _RESTS else "runs"


def list_held(holders: Iterable[Member]) -> list[Source]:
    """The folders that they can still write."""
    return [
        Source(resource, True, f"container {member.name}, which can still write for one that is gone,")
        for member in holders
        for resource in sorted(member.held)
        if resource.startswith("/")
    ]


def drop_restarted(sighting: Sighting, existing: Objects) -> Sighting:
    """The same with what they still hold: a restart since drops what no other one can have given again."""
    counts = Counter(resource for member in sighting.holders.values() for resource in member.held)
    still = dict[str, Member]()
    for id, member in sighting.holders.items():
        alone = frozenset(resource for resource in member.held if member.run and counts[resource] == 1)
        is_restarted = alone and _find_run(member, existing) not in ("", member.run)
        still[id] = replace(member, held=member.held - alone) if is_restarted else member
    return replace(sighting, holders=still)


def _find_run(member: Member, existing: Objects) -> str:
    """Since when it runs, as dockerd says now: a restart policy needs no request; "": it is gone."""
    return text(child(existing.inspect_briefly("container", member.id) or {}, "State"), "StartedAt")
