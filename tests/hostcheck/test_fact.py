"""A fact has its value or is unknown, and always the place where it was read."""

from collections.abc import Callable

import pytest

from portero.hostcheck.fact import either, fact, observed, unknown
from portero.types import JSON


def failing(error: Exception) -> Callable[[], JSON]:
    def read() -> JSON:
        raise error

    return read


def test_what_was_read_is_the_value() -> None:
    assert observed("/proc/x", lambda: 7) == {"value": 7, "at": "/proc/x"}


@pytest.mark.parametrize("error", [OSError(24, "Too many open files"), ValueError("no number")], ids=repr)
def test_what_could_not_be_read_is_unknown_there(error: Exception) -> None:
    assert observed("/proc/x", failing(error)) == unknown("/proc/x") == {"value": "unknown", "at": "/proc/x"}


def test_the_second_fact_counts_only_where_the_first_is_unknown() -> None:
    assert either(fact(False, "a"), fact(True, "b")) == fact(False, "a")
    assert either(unknown("a"), fact(True, "b")) == fact(True, "b")
