"""What PORTERO_LOG names; a lost line and a write that does not end are known to all threads."""

import time

import pytest

from portero.serve.decision_log import log_state
from portero.serve.decision_log.log_state import LogState, is_file


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_state, "STALLED_AFTER", 0.1)


def test_a_failure_is_known_with_its_time() -> None:
    state = LogState()
    assert (state.last_failure, state.has_failed_within(1e9)) == (0, False)
    state.fail()

    assert abs(state.last_failure - time.time()) < 10
    assert state.has_failed_within(10)
    assert not state.has_failed_within(0)


def test_a_write_that_ended_is_not_stalled() -> None:
    state = LogState()
    state.begin()
    assert 0 < state.measure_seconds_left() <= 0.1
    time.sleep(0.15)
    assert (state.measure_seconds_left(), state.is_stalled()) == (0, True)

    state.end()

    assert 0.05 < state.measure_seconds_left() <= 0.1
    assert not state.is_stalled()


@pytest.mark.parametrize(
    ("place", "file"), [("-", False), ("journald", False), ("/var/log/p.jsonl", True), ("p", True)]
)
def test_all_but_standard_output_and_the_journal_is_a_file(place: str, file: bool) -> None:
    assert is_file(place) is file
