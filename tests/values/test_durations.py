"""Durations as people write them."""

import pytest

from portero.values.times import seconds_of


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("45m", 2700), ("8h", 28800), ("7d", 604800)])
def test_a_number_with_a_unit_is_a_duration(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "8", "h", "0h", "-1h", "1.5h", "1w", "1h30m", " 1h", "1234567890s"])
def test_anything_else_is_none(text: str) -> None:
    assert seconds_of(text) is None
