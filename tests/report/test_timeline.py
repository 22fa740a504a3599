"""Steps grow with the time that they cover, never with the number of decisions, and lose none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.report.timeline import MAX_STEPS, Timeline

DAY = 86400


def timeline(*times: float) -> Timeline:
    made = Timeline()
    for time in times:
        made.add(time, "refused")
    return made


def test_nothing_has_no_steps() -> None:
    assert list(timeline().steps()) == []


def test_empty_steps_between_are_there() -> None:
    steps = list(timeline(0, 59, 180).steps())

    assert [(step.start, step.counts["refused"]) for step in steps] == [(0, 2), (60, 0), (120, 0), (180, 1)]


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (3600, "minute"),
        (5 * 3600, "5 minutes"),
        (DAY - 1, "15 minutes"),
        (3 * DAY, "hour"),
        (10 * DAY, "3 hours"),
        (40 * DAY, "12 hours"),
        (90 * DAY, "day"),
        (365 * DAY, "week"),
        (5 * 365 * DAY, "4 weeks"),
        (10 * 365 * DAY, "56 days"),
    ],
)
def test_steps_are_as_short_as_their_number_lets_them_be(span: int, words: str) -> None:
    assert timeline(0, span).words == words


@given(st.lists(st.tuples(st.floats(-6e10, 2e11), st.sampled_from(["refused", "would", "allowed"])), max_size=50))
def test_every_decision_is_in_one_step_whatever_the_order(decisions: list[tuple[float, str]]) -> None:
    made = Timeline()
    for time, outcome in decisions:
        made.add(time, outcome)

    steps = list(made.steps())

    assert len(steps) <= MAX_STEPS
    assert sum(step.counts.total() for step in steps) == len(decisions)
    for time, _ in decisions:
        assert any(step.start <= time < step.start + made.width and step.counts for step in steps)
