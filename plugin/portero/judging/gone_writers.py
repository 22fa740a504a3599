"""Folders that a container could write which is gone, while another one can hold a descriptor of them.

In: dockerd's lists of containers and services, which the memory of writers follows. Out: the folders that containers
can still write without a mount of them, as sources to compare with those of a request.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from portero.host.container_list import NAMESPACES, ContainerList
from portero.host.member import NO_PLACES, UNKNOWN, Member, Members, State
from portero.host.view import HostMoment, Objects
from portero.judging.members import find_name, make_member, make_service
from portero.judging.nested_sources import Source
from portero.refusals import Refused
from portero.values.json_fields import child, text
from portero.values.json_types import JSON

# Each other state, of a later engine too, is one in which it may run.
_RESTS = ("exited", "dead", "")
# Of a container that was there before Portero, the namespaces are asked for, of so many in one request.
_MAX_INSPECTED = 32
# Since when what can hold something runs is asked for, of so many in one request.
_MAX_RUNS = 8
# So many may be silent, since they hang in a start.
_MAX_SILENT = 2


def must_list(started: Iterable[Member], members: Members) -> bool:
    """Whether what starts can meet one that is remembered: who is gone by then left it nothing."""
    return any(members.has_other_for(one) for one in started)


def follow(
    containers: Iterable[Mapping[str, JSON]],
    services: Iterable[Mapping[str, JSON]],
    host: HostMoment,
    existing: Objects,
    members: Members,
) -> list[Member]:
    """Have the memory follow these lists; returns those that can hold what is gone."""
    listed = ContainerList.of(containers).by_id
    known, seen, unknown, silent, gone = members.find_all(), dict[str, Member](), 0, 0, set[str]()
    # Most are as they were; making them anew takes its time where there are many.
    for id in members.list_changed(listed):
        container = listed[id]
        name, state = find_name(container), _read_state(container)
        member = known.get(id)
        if member is None or UNKNOWN in member.shares:
            # A list of the picture has them of what it read alone.
            is_asked = not child(container, "HostConfig").keys() >= {*NAMESPACES}
            unknown += is_asked
            shown: Mapping[str, JSON] | None = container
            if is_asked and unknown <= _MAX_INSPECTED and silent < _MAX_SILENT:
                try:
                    shown = existing.inspect_briefly("container", id)
                except Refused:
                    silent += 1
            if shown is None:
                gone.add(id)
                continue
            member = make_member({**container, "HostConfig": shown["HostConfig"]}, host, existing)
            if shown is container and is_asked:
                member = replace(member, shares=member.shares | {UNKNOWN})
        if member.held or (member.name, member.state) != (name, state):
            member = replace(member, name=name, state=state, held=NO_PLACES, run="")
        seen[id] = member
    for service in services:
        member = make_service(service, host)
        seen[member.id] = member
    holders = {one.id: one for one in members.follow(listed, seen, gone).values()}
    # Of others a later request asks: who was started again meanwhile is taken for a holder all the longer.
    for one in [one for one in holders.values() if one.state == "runs" and not one.run][:_MAX_RUNS]:
        with suppress(Refused):
            holders[one.id] = _note_run(one, existing, members)
    return [*holders.values()]


def _read_state(container: Mapping[str, JSON]) -> State:
    state = text(container, "State")
    return "new" if state == "created" else "rests" if state in _RESTS else "runs"


def list_held(holders: Iterable[Member]) -> list[Source]:
    """The folders that they can still write."""
    return [
        Source(place, True, f"container {member.name}, which can still write for one that is gone,")
        for member in holders
        for place in sorted(member.held)
        if place.startswith("/")
    ]


def drop_restarted(holders: Sequence[Member], existing: Objects, members: Members) -> list[Member]:
    """The same with what they still hold: a restart since drops what no other one can have given again."""
    counts = Counter(place for member in holders for place in member.held)
    still = list[Member]()
    for member in holders:
        alone = frozenset(place for place in member.held if member.run and counts[place] == 1)
        if alone and _find_run(member, existing) not in ("", member.run):
            members.change(member.id, partial(_drop, alone, member.run))
            still.append(replace(member, held=member.held - alone))
        else:
            still.append(member)
    return still


def _drop(held: frozenset[str], run: str, known: Member) -> Member:
    # Meanwhile it can have been given the same once more.
    return replace(known, held=known.held - held) if known.run == run else known


def _note_run(member: Member, existing: Objects, members: Members) -> Member:
    run = _find_run(member, existing)
    members.change(member.id, lambda known: replace(known, run=run))
    return replace(member, run=run)


def _find_run(member: Member, existing: Objects) -> str:
    """Since when it runs, as dockerd says now: a restart policy needs no request; "": it is gone."""
    return text(child(existing.inspect_briefly("container", member.id) or {}, "State"), "StartedAt")
