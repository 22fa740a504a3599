"""Each process sees the failures and the stalled writes of all that it shares the log with."""

import os
import signal
import time

import pytest

from portero.service import log_state
from portero.service.log_state import LogState
from tests.waiting import soon


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_state, "STALLED_AFTER", 0.1)


def test_a_failure_is_known_to_all_processes() -> None:
    state = LogState()
    assert state.last_failure == 0
    process = os.fork()
    if process == 0:
        state.use_own_slot()
        state.fail()
        os._exit(0)
    os.waitpid(process, 0)

    assert abs(state.last_failure - time.time()) < 10


def test_a_stalled_write_of_another_process_is_counted_while_that_lives() -> None:
    state = LogState()
    process = os.fork()
    if process == 0:
        state.use_own_slot()
        state.begin()
        time.sleep(60)
        os._exit(0)
    soon(state.count_stalled)
    while_it_lives = state.count_stalled()
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)

    assert while_it_lives == 1
    assert state.count_stalled() == 0


def test_a_process_that_was_killed_in_a_write_may_have_left_half_a_line() -> None:
    state = LogState()
    states = []
    for is_writing in (False, True):
        process = os.fork()
        if process == 0:
            state.use_own_slot()
            if is_writing:
                state.begin()
            os._exit(0)
        os.waitpid(process, 0)
        state.bury(process)
        states.append(state.torn)

    assert states == [False, True]


def test_a_write_that_a_killed_process_left_behind_is_not_that_of_another_one_of_its_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state = LogState()
    process = os.fork()
    if process == 0:
        state.use_own_slot()
        state.begin()
        os._exit(0)
    os.waitpid(process, 0)
    state.bury(process)
    monkeypatch.setattr(log_state, "_is_alive", lambda process: True)
    time.sleep(0.15)

    assert state.count_stalled() == 0


def test_a_write_that_ended_is_not_stalled() -> None:
    state = LogState()
    state.use_own_slot()
    state.begin()
    assert 0 < state.seconds_left() <= 0.1
    time.sleep(0.15)
    assert (state.seconds_left(), state.count_stalled()) == (0, 1)

    state.end()

    assert 0.05 < state.seconds_left() <= 0.1
    assert state.count_stalled() == 0
