"""What a request can change is uncertain from its decision until what is asked after its answer."""

import random

import pytest

from portero.decide.interfaces.effects import ANY, BUILT, EVERYTHING, MADE, NameUse, Touch, TouchedKind, can_be_made
from portero.observe.pending.touches import Touches, UsedNames

ID = "abc123" + 58 * "0"
NAMES = ("web", "db", "happy_curie", "kind_bell7", ANY, MADE, BUILT)


@pytest.mark.parametrize(
    ("touch", "kind", "concerns"),
    [
        (Touch("container", "web"), "container", True),
        (Touch("container", ID), "container", True),
        (Touch("container", "abc"), "container", True),
        (Touch("container"), "container", True),
        (Touch("container", "bc"), "container", False),
        (Touch("container", "web"), "state", False),
        (Touch("state", "abc"), "state", True),
        (Touch("volume", "web"), "volume", True),
        (Touch("volume", "abc"), "volume", False),
    ],
)
def test_what_a_reference_can_mean_is_concerned(touch: Touch, kind: TouchedKind, *, concerns: bool) -> None:
    touches = Touches()
    before = touches.moment
    assert not touches.concern(before, kind, ID, "web")

    touches.begin([touch])
    assert touches.concern(touches.moment, kind, ID, "web") is concerns
    assert touches.are_under_way(kind, ID, "web") is concerns

    touches.end([touch])
    assert touches.concern(before, kind, ID, "web") is concerns
    assert not touches.concern(touches.moment, kind, ID, "web")


def test_of_two_equal_requests_each_has_its_end() -> None:
    touches, touch = Touches(), Touch("container", "web")
    touches.begin([touch])
    touches.begin([touch])
    touches.end([touch])

    assert touches.are_under_way("container", ID, "web")
    touches.end([touch])
    assert not touches.are_under_way("container", ID, "web")


def test_what_is_longer_ago_than_is_known_concerns_all() -> None:
    touches = Touches()
    for number in range(600):
        touches.note(Touch("volume", str(number)))

    assert touches.concern(0, "container", ID)
    assert not touches.concern(touches.moment - 500, "container", ID)


def test_a_request_that_can_change_everything_is_known() -> None:
    touches = Touches()
    touches.begin([Touch("container")])
    assert not touches.are_under_way_for_all

    touches.begin(EVERYTHING.touches)
    assert touches.are_under_way_for_all


def clash(earlier: NameUse, later: NameUse) -> bool:
    if earlier.is_copy == later.is_copy:
        return False
    given, copied = (later, earlier) if earlier.is_copy else (earlier, later)
    makes = given.name == BUILT or (given.name == MADE and given is later)
    return (makes and can_be_made(copied.name)) or given.name == copied.name or ANY in (given.name, copied.name)


def choose(chance: random.Random) -> NameUse:
    is_copy = chance.random() < 0.5
    return NameUse(chance.choice(NAMES[:5] if is_copy else NAMES), is_copy=is_copy)


def test_counts_say_what_each_of_them_says() -> None:
    chance = random.Random(7)
    for _ in range(500):
        uses = [choose(chance) for _ in range(chance.randint(0, 4))]
        later, gone = choose(chance), NameUse("web", is_copy=True)
        names = UsedNames([*uses, gone])
        names.change(gone, -1)

        assert names.clash_with(later) == any(clash(use, later) for use in uses)
