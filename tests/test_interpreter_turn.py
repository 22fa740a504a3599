"""Threads have their turns one after the other, and none waits for one that is stuck."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from portero import interpreter_turn
from portero.interpreter_turn import begin_turn, end_turn, has_turn

PATIENCE = 30.0


@pytest.fixture(autouse=True)
def _no_turn_is_left() -> Iterator[None]:
    yield
    end_turn()
    assert not interpreter_turn._lock.locked()


def start(run: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_turn_begins_when_the_one_before_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter_turn, "_PATIENCE", PATIENCE)
    monkeypatch.setattr(interpreter_turn, "_LONGEST_WAIT", PATIENCE)
    events: list[str] = []

    def second() -> None:
        begin_turn()
        events.append("second begins")
        end_turn()

    begin_turn()
    thread = start(second)
    time.sleep(0.2)
    events.append("first ends")
    end_turn()
    thread.join(PATIENCE)

    assert events == ["first ends", "second begins"]


def test_many_threads_never_have_their_turns_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter_turn, "_PATIENCE", PATIENCE)
    monkeypatch.setattr(interpreter_turn, "_LONGEST_WAIT", PATIENCE)
    having, most = [0], [0]

    def run() -> None:
        for _ in range(20):
            begin_turn()
            having[0] += 1
            most[0] = max(most[0], having[0])
            time.sleep(0)
            having[0] -= 1
            end_turn()

    for thread in [start(run) for _ in range(8)]:
        thread.join(PATIENCE)

    assert (having, most) == ([0], [1])


def test_where_a_thread_is_stuck_others_go_on_and_later_ones_do_not_wait_at_all() -> None:
    release = threading.Event()

    def stick() -> None:
        begin_turn()
        release.wait(PATIENCE)
        end_turn()

    stuck = start(stick)
    while not interpreter_turn._lock.locked():
        time.sleep(0.001)
    begin_turn()
    assert not has_turn()

    began = time.monotonic()
    for _ in range(1000):
        begin_turn()
        end_turn()
    waited = time.monotonic() - began
    release.set()
    stuck.join(PATIENCE)

    # A thousand times the patience would be twenty seconds.
    assert waited < 10
    begin_turn()
    assert has_turn()


def test_ending_a_turn_that_one_does_not_have_ends_no_other() -> None:
    begin_turn()
    start(end_turn).join(PATIENCE)

    assert has_turn()
    assert interpreter_turn._lock.locked()
