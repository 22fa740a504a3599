"""Of two creations at once the later one sees the first, and what is needed no more goes with a list, never by time.

What dockerd has made since Portero began is never older than that, however the clock was set meanwhile.
"""

import os
import time
from collections.abc import Callable, Sequence

import pytest

from portero.decide.interfaces.pending_requests import Source
from portero.observe.lookups.followed_daemon import FollowedDaemon
from portero.observe.lookups.lookup import DaemonObjects
from portero.observe.pending import creations
from portero.observe.pending.creations import CreationsUnderWay, RequestCreations, find_start
from tests.observe.lookups.test_container_cache import ID

UPPER, LOWER = Source("/srv", True, "one"), Source("/srv/data", False, "two")


def disagree(newer: Sequence[Source]) -> bool:
    return False


def add(request: RequestCreations, id: str, *places: Source) -> bool:
    return request.add(id, places, disagree)


def test_what_was_added_before_is_seen_and_what_comes_meanwhile_counts() -> None:
    under_way = CreationsUnderWay()
    first, second = under_way.at(), under_way.at()
    assert add(first, "d-1", UPPER)

    assert list(second.others) == []
    asked: list[Sequence[Source]] = []
    assert not second.add("d-2", [LOWER], lambda newer: bool(asked.append(newer)))
    assert asked == [[UPPER]]
    assert list(under_way.at().others) == [UPPER]
    assert add(under_way.at(), "d-2", LOWER)
    assert list(under_way.at().others) == [UPPER, LOWER]


def test_what_came_and_went_meanwhile_counts_too() -> None:
    under_way = CreationsUnderWay()
    request = under_way.at()
    add(under_way.at(), "d-1", UPPER)
    under_way.note_made("d-1")

    assert list(under_way.at().others) == []
    assert not add(request, "d-2", LOWER)
    assert request.add("d-2", [LOWER], lambda newer: True)


@pytest.mark.parametrize("ends", [True, False], ids=["failed", "unanswered"])
def test_what_is_not_known_to_be_there_goes_with_a_list_that_was_asked_for_later(
    monkeypatch: pytest.MonkeyPatch, *, ends: bool
) -> None:
    under_way = CreationsUnderWay()
    add(under_way.at(), "d-1", UPPER)
    assert not under_way.find_doubtful()
    if ends:
        under_way.note_answered("d-1")
    else:
        monkeypatch.setattr(creations, "UNANSWERED_SECONDS", 0.0)

    doubtful = under_way.find_doubtful()
    assert list(under_way.at().others) == [UPPER]
    add(under_way.at(), "d-2", LOWER)
    under_way.note_listed(doubtful)
    assert list(under_way.at().others) == [LOWER]


def test_many_ask_for_a_list() -> None:
    under_way = CreationsUnderWay()
    for number in range(2000):
        assert under_way.are_many == (number > 128)
        add(under_way.at(), str(number), UPPER)

    assert list(under_way.at().others) == [UPPER]
    # Not all that were made meanwhile are known singly any more: it is judged again, whatever the others are.
    for number in range(2000):
        under_way.note_made(str(number))
    assert not RequestCreations(under_way, 0, {}).add("x", [LOWER], lambda newer: True)
    assert under_way.at().add("x", [LOWER], disagree)


def test_a_list_that_a_request_asked_for_tells_it_what_came_to_nothing() -> None:
    under_way = CreationsUnderWay()
    add(under_way.at(), "d-1", UPPER)
    add(under_way.at(), "d-2", LOWER)
    request = under_way.at()
    under_way.note_answered("d-1")
    request.drop(under_way.find_doubtful())

    assert request.others == [LOWER]


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
    monkeypatch.setattr(creations, "_EARLIEST", [START])
    monkeypatch.setattr(creations, "_BEGAN", BEGAN)
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
        creations._EARLIEST[0] = before - 3600
        os._exit(0)
    os.waitpid(child, 0)

    try:
        assert find_start() == before - 3600
    finally:
        creations._EARLIEST[0] = before
