"""How times are written."""

from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from portero.values.times import instant, second


@given(st.floats(0, 4e9))
@example(0.9999999)
@example(1795534890.9996)
@example(1125899907.0869994)
def test_a_time_is_written_as_datetime_does(time: float) -> None:
    told = datetime.fromtimestamp(time, UTC)

    assert instant(time) == told.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert second(time) == told.isoformat(timespec="seconds").replace("+00:00", "Z")


def test_a_time_is_in_utc() -> None:
    assert (instant(1_767_225_600.5), second(1_767_225_600.5)) == ("2026-01-01T00:00:00.500Z", "2026-01-01T00:00:00Z")
