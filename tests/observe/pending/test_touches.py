"""What a request can change is uncertain from its decision until what is asked after its answer."""

import pytest

from portero.decide.interfaces.effects import EVERYTHING, Touch, TouchedKind
from portero.observe.pending.touches import Touches

ID = "abc123" + 58 * "0"


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
