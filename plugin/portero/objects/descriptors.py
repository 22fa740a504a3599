"""Who could have received a descriptor of a folder whose writer is gone: what was known and what is seen in, both out.

A container passes a descriptor over a socket (SCM_RIGHTS) at a place that both share; whoever has a descriptor of a
folder writes there without a mount, and can replace what lies below it. Of what happened between two lists nothing is
known: each container that may have run in between can have met each other one.
"""

from collections.abc import Mapping, Set
from dataclasses import replace

from portero.host.member import Member
from portero.objects.meeting_places import group_members

# A service that was asked for is listed within this time, or dockerd did not make it (moby daemon/cluster/utils.go,
# swarmRequestTimeout: 20 s).
_ASKED_SECONDS = 60.0


def follow(
    known: Mapping[str, Member],
    seen: Mapping[str, Member],
    turn: int,
    now: float,
    *,
    restarted: bool,
    same: Set[str] = frozenset(),
) -> dict[str, Member]:
    """All that exist, with what each can hold.

    `known`: as noted and seen before, `seen`: in a list that was asked for in this turn of the memory; `same`: those
    that it shows as they are known; `now` by time.monotonic(). `restarted`: another dockerd may have started containers
    by itself.
    """
    missing = [known[id] for id in known.keys() - same - seen.keys()]
    awaited = {member.id: member for member in missing if _is_awaited(member, turn, now)}
    gone = {member.id: member for member in missing if member.id not in awaited}
    met = {id: _merge(known.get(id), member) for id, member in seen.items()}
    present = awaited | {id: known[id] for id in same} | met
    # What has ended can be removed later, when it is not known any more whom it met. So can what a new dockerd started.
    ended = {
        id: known[id]
        for id, one in met.items()
        if id in known and not one.may_run and (known[id].may_run or (restarted and known[id].state == "rests"))
    }
    left = gone | ended
    if not (missing or restarted) and all(
        known.get(id) == one and one.state in ("new", "runs", "rests") for id, one in met.items()
    ):
        return present  # each has what it had when it was looked at last
    if not any(map(_leaves, left.values())) and not any(_has_left(known.get(id), one) for id, one in met.items()):
        return present
    ran = [
        _recall(known.get(member.id), member)
        for member in (*gone.values(), *present.values())
        if _may_have_run(known.get(member.id), member, restarted=restarted)
    ]
    for group in group_members(ran):
        given = frozenset[str]().union(*(one.held | _find_left(one) for one in group if one.id in left))
        passed = given.union(*(member.held for member in group))
        for member in group if passed else ():
            # Only a process holds something: that of a service is in a container.
            if not member.is_service and (member.id in awaited or (member.may_run and member.id in present)):
                one = replace(present[member.id], held=member.held | passed - member.writes)
                # What it has of those it can have got in its run of now.
                present[member.id] = replace(one, run="") if given - member.writes else one
    return present


def _find_left(gone: Member) -> frozenset[str]:
    """Its own namespace is gone with it. Who reads in a volume can meet there, too.

    Not so in a folder of the host: by a backup of /srv that is gone all below it would have met for ever.
    """
    volumes = {place for place in gone.shares if place.startswith("volume ")}
    return (gone.writes | volumes) - {f"namespace {gone.id}"}


def _leaves(gone: Member) -> bool:
    return bool(gone.held or _find_left(gone))


def _is_awaited(member: Member, turn: int, now: float) -> bool:
    if member.turn > turn:
        return True
    return member.is_service and member.state == "asked" and now < member.since + _ASKED_SECONDS


def _merge(known: Member | None, seen: Member) -> Member:
    if known is None or seen.state == "runs":
        return replace(seen, held=known.held, run=known.run) if known and known.held else seen
    # A start can take long, and a run can be short: what was asked to start may run at any time until it was seen so.
    # dockerd runs its process before it says so, and that can hold something by then.
    is_awaited = known.state == "asked again" or (known.state == "asked" and seen.state == "new")
    return replace(seen, state=known.state, held=known.held, run=known.run) if is_awaited else seen


def _has_left(known: Member | None, member: Member) -> bool:
    """Whether there is more to pass on than what it can write now."""
    return known is not None and known is not member and bool(known.held or known.writes - member.writes)


def _recall(known: Member | None, member: Member) -> Member:
    """As it was until now: with what it held before it ended, and what former tasks of a service could write."""
    if known is None:
        return member
    return replace(member, shares=member.shares | known.shares, held=known.held | known.writes - member.writes)


def _may_have_run(known: Member | None, member: Member, *, restarted: bool) -> bool:
    if member.may_run or restarted or (known is not None and known.may_run):
        return True
    # What is seen for the first time can have run and ended.
    return known is None and member.state == "rests"
