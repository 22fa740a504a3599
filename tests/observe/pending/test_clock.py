"""What dockerd has made since Portero began is never older than that, however the clock was set meanwhile."""

import os
import time
from collections.abc import Callable

import pytest

from portero.observe.lookups.followed_daemon import FollowedDaemon
from portero.observe.lookups.lookup import DaemonObjects
from portero.observe.pending import clock
from portero.observe.pending.clock import find_start
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
    monkeypatch.setattr(clock, "_EARLIEST", [START])
    monkeypatch.setattr(clock, "_BEGAN", BEGAN)
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
        clock._EARLIEST[0] = before - 3600
        os._exit(0)
    os.waitpid(child, 0)

    try:
        assert find_start() == before - 3600
    finally:
        clock._EARLIEST[0] = before
