"""Requests are found by their answers; thousands of them cost another one nothing. More: test_followed_daemon.py."""

import os
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from portero.decide.interfaces.effects import Effects, NameUse, PossibleChange, Touch
from portero.decide.reading.envelope import Envelope, Result
from portero.observe.lookups.followed_daemon import FollowedDaemon
from portero.observe.lookups.lookup import DaemonObjects
from portero.observe.pending import unanswered
from portero.observe.pending.unanswered import AllowedRequest, Unanswered, find_start
from tests.observe.lookups.test_container_cache import ID

START, BEGAN = 1_700_000_000, 5_000.0


class Clocks:
    """The clock that can be set, `behind` by so much, and the one that cannot."""

    def __init__(self) -> None:
        self.passed, self.behind = 0.0, 0.0

    def time(self) -> float:
        return START + self.passed - self.behind

    def monotonic(self) -> float:
        return BEGAN + self.passed


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    clocks = Clocks()
    monkeypatch.setattr(unanswered, "_EARLIEST", [START])
    monkeypatch.setattr(unanswered, "_BEGAN", BEGAN)
    monkeypatch.setattr(time, "time", clocks.time)
    monkeypatch.setattr(time, "monotonic", clocks.monotonic)
    return clocks


@pytest.mark.parametrize(("later", "set_back"), [(0.0, 0.0), (5.0, 0.0), (5.0, 3600.0), (5.0, -3600.0)])
def test_what_is_made_since_the_start_is_younger_however_the_clock_was_set(
    clocks: Clocks, later: float, set_back: float
) -> None:
    clocks.passed, clocks.behind = later, set_back

    # Before the clock was set, and since.
    assert find_start() <= min(START, time.time())
    assert find_start() == START - max(set_back, 0.0)


def _look_up() -> None:
    assert DaemonObjects(lambda daemon: ["any.sock"]).new_lookup(lambda: None) is not None


def _show_what_was_made() -> None:
    FollowedDaemon().picture.note_made(ID, "web")


@pytest.mark.parametrize("notice", [_look_up, _show_what_was_made], ids=["judged", "made, by an answer or an event"])
def test_a_container_that_was_made_while_the_clock_was_back_is_younger_when_it_is_right_again(
    clocks: Clocks, notice: Callable[[], None]
) -> None:
    clocks.passed, clocks.behind = 5.0, 3600.0
    notice()
    created = time.time()
    clocks.passed, clocks.behind = 60.0, 0.0

    assert find_start() <= created


def test_a_deciding_process_that_follows_knows_what_the_one_before_it_saw() -> None:
    before = find_start()
    child = os.fork()
    if child == 0:
        unanswered._EARLIEST[0] = before - 3600
        os._exit(0)
    os.waitpid(child, 0)

    try:
        assert find_start() == before - 3600
    finally:
        unanswered._EARLIEST[0] = before


CHANGE = PossibleChange((Touch("container", "web"),), "container", "web", lasts=False)


def wait(requests: Unanswered, id: str, key: int, *touches: Touch) -> AllowedRequest:
    one = AllowedRequest(id, CHANGE, touches=touches)
    requests.wait_for(one, key, "alicia", None)
    return one


def test_equal_requests_are_answered_in_turn_and_each_other_by_its_contents() -> None:
    requests = Unanswered()
    first, second, other = wait(requests, "d-1", 1), wait(requests, "d-2", 1), wait(requests, "d-3", 2)

    assert [requests.answer(1), requests.answer(2), requests.answer(1)] == [first, other, second]
    assert (requests.answer(1), len(requests)) == (None, 0)


@pytest.mark.parametrize(("id", "expected"), [("d-2", "d-2"), ("d-9", "d-1")], ids=["there", "taken for another one"])
def test_one_that_is_refused_at_last_goes_itself_or_the_one_that_it_was_taken_for(id: str, expected: str) -> None:
    requests = Unanswered()
    for each in ("d-1", "d-2"):
        wait(requests, each, 1)

    gone = requests.answer(1, id)
    assert gone is not None
    assert gone.id == expected


def test_what_became_late_is_told_once_and_what_only_makes_is_waited_for_no_more() -> None:
    requests = Unanswered()
    one = wait(requests, "d-1", 1)

    assert [requests.list_late(60.0), requests.list_late(-1.0), requests.list_late(-1.0)] == [[], [one], []]
    assert requests.answer(1) is None


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
