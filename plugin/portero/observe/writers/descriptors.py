"""Who could have received a descriptor of a folder whose writer is gone: what was known and what is seen in, both out.

A container passes a descriptor over a socket (SCM_RIGHTS) at a resource that both share; one with a descriptor of a
folder writes there without a mount, and can replace what lies below it. Of what happened between two lists nothing is
known: each container that may have run in between can have met each other one.
"""

from collections.abc import Iterable, Mapping, Set

from portero.decide.interfaces.member import Member
from portero.decide.values.dataclass import dataclass, replace
from portero.observe.writers.shared_resources import group_members

# A service that was asked for is listed within this time, or dockerd did not make it (moby daemon/cluster/utils.go,
# swarmRequestTimeout: 20 s).
_SERVICE_SECONDS = 60.0
# While fewer are remembered, those that can meet no other are, too: the memory has a bound.
_MAX_WITH_ALONE = 1000


@dataclass(frozen=True, slots=True)
class Followed:
    """All members by a list, those of them that changed (None: it is gone), and who holds something.

    `restarted`: another dockerd was asked for the list than for the one before.
    """

    after: dict[str, Member]
    changed: dict[str, Member | None]
    holders: Mapping[str, Member]
    restarted: bool = False


def follow_members(
    before: Mapping[str, Member],
    seen: Mapping[str, Member],
    turn: int,
    now: float,
    *,
    restarted: bool,
    same: Set[str] = frozenset(),
) -> dict[str, Member]:
    """All that exist, with what each can hold.

    `before`: as noted and seen before, `seen`: in a list that was asked for in this turn of the memory; `same`: those
    that it shows as they were; `now` by time.monotonic(). `restarted`: another dockerd may have started containers
    by itself.
    """
    missing = [before[id] for id in before.keys() - same - seen.keys()]
    awaited = {member.id: member for member in missing if _is_awaited(member, turn, now)}
    removed = {member.id: member for member in missing if member.id not in awaited}
    met = {id: _merge(before.get(id), member) for id, member in seen.items()}
    present = awaited | {id: before[id] for id in same} | met
    # What has ended can be removed later, when it is not known any more whom it met. So can what a new dockerd started.
    ended = {
        id: before[id]
        for id, one in met.items()
        if id in before and not one.may_run and (before[id].may_run or (restarted and before[id].state == "rests"))
    }
    left = removed | ended
    if not (missing or restarted) and all(
        before.get(id) == one and one.state in ("new", "runs", "rests") for id, one in met.items()
    ):
        return present  # each has what it had when it was looked at last
    leave = any(one.held or _find_left(one) for one in left.values())
    if not leave and not any(_has_left(before.get(id), one) for id, one in met.items()):
        return present
    ran = [
        _restore_former(before.get(member.id), member)
        for member in (*removed.values(), *present.values())
        if _may_have_run(before.get(member.id), member, restarted=restarted)
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


def start_members(
    starting: Iterable[Member], members: Mapping[str, Member], turn: int, now: float
) -> dict[str, Member]:
    """Those that are to be noted of what starts, in this turn, with what each is known to hold.

    Its own namespace alone leads nowhere; but of one that is not known dockerd tells nothing while it starts.
    """
    notes_alone = len(members) < _MAX_WITH_ALONE
    started = dict[str, Member]()
    for one in starting:
        if one.shares == {f"namespace {one.id}"} and (one.id in members or not notes_alone):
            continue
        former = members.get(one.id) or one
        if one.is_service:
            # With what it was before.
            one = replace(one, shares=one.shares | former.shares, writes=one.writes | former.writes)
        started[one.id] = replace(one, since=now, turn=turn, held=former.held, run=former.run)
    return started


def _find_left(removed: Member) -> frozenset[str]:
    """Its own namespace is gone with it. Who reads in a volume can meet there, too.

    Not so in a folder of the host: by a backup of /srv that is gone all below it would have met for ever.
    """
    volumes = {resource for resource in removed.shares if resource.startswith("volume ")}
    return (removed.writes | volumes) - {f"namespace {removed.id}"}


def _is_awaited(member: Member, turn: int, now: float) -> bool:
    if member.turn > turn:
        return True
    return member.is_service and member.state == "starting" and now < member.since + _SERVICE_SECONDS


def _merge(before: Member | None, seen: Member) -> Member:
    if before is None or seen.state == "runs":
        return replace(seen, held=before.held, run=before.run) if before and before.held else seen
    # A start can take long, and a run can be short: what was asked to start may run at any time until it was seen so.
    # dockerd runs its process before it says so, and that can hold something by then.
    is_awaited = before.state == "restarting" or (before.state == "starting" and seen.state == "new")
    return replace(seen, state=before.state, held=before.held, run=before.run) if is_awaited else seen


def _has_left(before: Member | None, member: Member) -> bool:
    """Whether there is more to pass on than what it can write now."""
    return before is not None and before is not member and bool(before.held or before.writes - member.writes)


def _restore_former(before: Member | None, member: Member) -> Member:
    """As it was until now: with what it held before it ended, and what former tasks of a service could write."""
    if before is None:
        return member
    return replace(member, shares=member.shares | before.shares, held=before.held | before.writes - member.writes)


def _may_have_run(before: Member | None, member: Member, *, restarted: bool) -> bool:
    if member.may_run or restarted or (before is not None and before.may_run):
        return True
    # What is seen for the first time can have run and ended.
    return before is None and member.state == "rests"
