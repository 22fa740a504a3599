"""How times are written."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portero.decide.values.times import Retry, format_instant, format_second, parse_duration


@given(st.floats(0, 4e9))
@example(0.9999999)
@example(1795534890.9996)
@example(1125899907.0869994)
def test_a_time_is_written_as_datetime_does(time: float) -> None:
    told = datetime.fromtimestamp(time, UTC)

    assert format_instant(time) == told.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert format_second(time) == told.isoformat(timespec="seconds").replace("+00:00", "Z")


def test_a_time_is_in_utc() -> None:
    assert (format_instant(1_767_225_600.5), format_second(1_767_225_600.5)) == (
        "2026-01-01T00:00:00.500Z",
        "2026-01-01T00:00:00Z",
    )


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("45m", 2700), ("8h", 28800), ("7d", 604800)])
def test_a_number_with_a_unit_is_a_duration(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "8", "h", "0h", "-1h", "1.5h", "1w", "1h30m", " 1h", "1234567890s"])
def test_anything_else_is_none(text: str) -> None:
    assert parse_duration(text) is None


def test_what_did_not_fail_is_never_due() -> None:
    retry = Retry()
    assert not retry.is_due(1e9)

    retry.fail(10.0)
    retry.succeed()

    assert not retry.is_due(1e9)


def test_pauses_double_from_a_second_to_a_minute() -> None:
    retry, pauses = Retry(), []
    for _ in range(9):
        retry.fail(100.0)
        pauses.append(next(after for after in range(1, 100) if retry.is_due(100.0 + after)))

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_pauses_begin_anew_after_it_went_well() -> None:
    retry = Retry()
    for _ in range(5):
        retry.fail(0.0)
    retry.succeed()
    retry.fail(100.0)

    assert (retry.is_due(100.9), retry.is_due(101.0)) == (False, True)
