"""Requests are found by their answers; thousands of them cost another one nothing. More: test_followed_daemon.py."""

import sys
from typing import Any

import pytest

from portero.decide.interfaces.effects import Effects, PossibleChange, Touch
from portero.decide.interfaces.pending_requests import NameUse
from portero.decide.reading.envelope import Envelope, Result
from portero.observe.lookups.followed_daemon import FollowedDaemon
from portero.observe.pending.unanswered import AllowedRequest, Unanswered

CHANGE = PossibleChange((Touch("container", "web"),), "container", "web", lasts=False)


def wait(requests: Unanswered, id: str, key: bytes, *touches: Touch) -> AllowedRequest:
    one = AllowedRequest(id, CHANGE, touches=touches)
    requests.wait_for(one, key, "alicia", None)
    return one


def test_equal_requests_are_answered_in_turn_and_each_other_by_its_contents() -> None:
    requests = Unanswered()
    first, second, other = wait(requests, "d-1", b"a"), wait(requests, "d-2", b"a"), wait(requests, "d-3", b"b")

    assert [requests.answer(b"a"), requests.answer(b"b"), requests.answer(b"a")] == [first, other, second]
    assert (requests.answer(b"a"), len(requests)) == (None, 0)


@pytest.mark.parametrize(("id", "expected"), [("d-2", "d-2"), ("d-9", "d-1")], ids=["there", "taken for another one"])
def test_one_that_is_refused_at_last_goes_itself_or_the_one_that_it_was_taken_for(id: str, expected: str) -> None:
    requests = Unanswered()
    for each in ("d-1", "d-2"):
        wait(requests, each, b"a")

    gone = requests.answer(b"a", id)
    assert gone is not None
    assert gone.id == expected


def test_what_became_late_is_told_once_and_what_only_makes_is_waited_for_no_more() -> None:
    requests = Unanswered()
    one = wait(requests, "d-1", b"a")

    assert [requests.list_late(60.0), requests.list_late(-1.0), requests.list_late(-1.0)] == [[], [one], []]
    assert requests.answer(b"a") is None


def count_calls(others: int) -> int:
    """What one request takes from its decision to its answer, and the look for late ones, beside so many others."""
    followed, calls = FollowedDaemon(), 0

    def ask(number: int, *, is_answered: bool) -> None:
        name = f"web{number}"
        envelope = Envelope("POST", f"/containers/create?name={name}", b"{}", {}, "", "", ())
        change = PossibleChange((Touch("container", name),), "container", name, lasts=False)
        seen = followed.under_way.at()
        use = NameUse(name, is_copy=False)
        assert seen.allows(use)
        assert followed.has_room_for(f"user {number % 50}")
        assert followed.enter(str(number), envelope, Effects(seen.number, change, uses=(use,)), f"user {number % 50}")
        if is_answered:
            followed.note_result(Result(envelope, 500, b""), lambda: change)
            followed.note_late()

    def count(frame: Any, event: str, called: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    for number in range(others):
        ask(number, is_answered=False)
    sys.setprofile(count)
    ask(others, is_answered=True)
    sys.setprofile(None)
    return calls


def test_thousands_under_way_cost_another_one_nothing() -> None:
    # A touch more or less is known by when the count begins.
    assert abs(count_calls(2000) - count_calls(1000)) < 5
