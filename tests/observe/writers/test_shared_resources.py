"""Members meet at a place that one of the two may write, directly or through others; counts of one say the same."""

import random

import pytest

from portero.decide.interfaces.member import EVERYWHERE, UNKNOWN, Member
from portero.observe.writers import shared_resources
from portero.observe.writers.shared_resources import SharedResources, group_members

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
    chance, places, members = random.Random(seed), SharedResources(), dict[str, Member]()
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


def member(id: str, *places: str, held: str = "") -> Member:
    """`places`: each that it may write, or with :ro behind it."""
    writes = frozenset(place for place in places if not place.endswith(":ro"))
    return Member(id, id, frozenset(place.removesuffix(":ro") for place in places), writes, frozenset(held.split()))


def groups(*members: Member) -> list[set[str]]:
    return [{one.id for one in group} for group in group_members(members)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (member("a", "volume v"), member("b", "volume v:ro")),
        (member("a", "/srv/x"), member("b", "/srv/x:ro")),
        (member("a", "/srv"), member("b", "/srv/x/y:ro")),
        (member("a", "/srv:ro"), member("b", "/srv/x/y")),
        (member("a", "/srv/x:ro"), member("b", held="/srv/x")),
        (member("a", "namespace b"), member("b", "namespace b")),
        (member("a", EVERYWHERE), member("b")),
        (member("a", "volume v-{{.Task.Slot}}"), member("b", "volume v-1")),
        (member("a", "volume v-{{.Task.Slot}}"), member("b", "volume v-1-{{.Node.ID}}")),
    ],
)
def test_two_that_meet(one: Member, other: Member) -> None:
    assert groups(one, other) == groups(other, one) == [{"a", "b"}]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (member("a", "volume v"), member("b", "volume w")),
        (member("a", "volume v:ro"), member("b", "volume v:ro")),
        (member("a", "/srv/x"), member("b", "/srv/xy")),
        (member("a", "/srv/x"), member("b", "/srv/y")),
        (member("a", "volume v-{{.Task.Slot}}"), member("b", "volume w-1", "/v-1")),
        (member("a", "/srv/{{x}}"), member("b", "/srv/y")),
        (member("a"), member("b")),
    ],
)
def test_two_that_do_not(one: Member, other: Member) -> None:
    assert groups(one, other) == [{"a"}, {"b"}]


def test_through_others() -> None:
    chain = [member("a", "volume 1"), member("b", "volume 2"), member("c", "volume 2", "/srv/x"), member("d", "/srv")]

    assert groups(*chain, member("e", "volume 1", "volume 3")) == [{"a", "e"}, {"b", "c", "d"}]


def test_all_readers_above_a_writer_meet_it_and_readers_alone_do_not() -> None:
    readers = [member("a", "/srv:ro"), member("b", "/srv/x:ro"), member("c", "/srv/x/y/z:ro")]
    writers = [member("d", "/srv/x/y"), member("e", "/srv/x/q")]

    assert groups(*readers) == [{"a"}, {"b"}, {"c"}]
    assert groups(*readers, *writers) == [{"a", "b", "c", "d", "e"}]


def test_many_nested_places_are_not_compared_in_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    joined, join = [0], shared_resources._Groups.join

    def count(self: shared_resources._Groups, *ids: str) -> None:
        joined[0] += len(ids)
        join(self, *ids)

    monkeypatch.setattr(shared_resources._Groups, "join", count)
    (group,) = groups(*(member(str(depth), "/a" * depth) for depth in range(1, 201)))

    assert len(group) == 200
    assert joined[0] < 20 * 200
