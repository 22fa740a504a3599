"""Counts say of one and all others what the groups of all of them say."""

import random

import pytest

from portero.host.member import EVERYWHERE, UNKNOWN, Member
from portero.objects.meeting_places import MeetingPlaces
from portero.objects.meetings import group_members
from tests.objects.test_meetings import member

PLACES = ["/", "/srv", "/srv/x", "/srv/x/y", "/srv/xy", "volume v", "volume v-1", "volume v-{{.Task.Slot}}", "volume w"]
SPACES = ["namespace 1", "namespace 2", "network host", EVERYWHERE, UNKNOWN]


def make(number: int, chance: random.Random) -> Member:
    places = [place + chance.choice(("", ":ro")) for place in PLACES if chance.random() < 0.07]
    spaces = [space for space in SPACES if chance.random() < (0.01 if space in (EVERYWHERE, UNKNOWN) else 0.1)]
    return member(str(number), *places, *spaces, held=chance.choice(("", "", "", "/srv/x")))


def meets(one: Member, others: list[Member]) -> bool:
    return any(len(group) > 1 and one in group for group in group_members([one, *others]))


@pytest.mark.parametrize("seed", range(20))
def test_it_is_what_all_groups_say_while_members_come_change_and_go(seed: int) -> None:
    chance, places, members = random.Random(seed), MeetingPlaces(), dict[str, Member]()
    said = set[bool]()
    for step in range(120):
        number = chance.randrange(6)
        before, after = members.pop(str(number), None), make(number, chance) if chance.random() < 0.6 else None
        places.change(before, after)
        if after is not None:
            members[after.id] = after
        one = make(chance.randrange(7), chance)
        others = [other for other in members.values() if other.id != one.id]
        found = places.has_other_for(one, members.get(one.id))
        assert found is meets(one, others), (step, one, others)
        said.add(found)
    for known in members.values():
        places.change(known, None)

    assert said == {True, False}
    assert not places.has_other_for(member("a", EVERYWHERE), None)
    assert not any((places._templates, *vars(places._visited).values(), *vars(places._opened).values()))
