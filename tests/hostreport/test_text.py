"""A line for each rule that does not hold."""

from collections.abc import Callable

from portero.hostreport import text
from portero.hostreport.result import HostResult

from .conftest import finding


def test_lines_are_aligned_and_brackets_stand_around_what_is_only_reported(make: Callable[..., HostResult]) -> None:
    shown = [
        *text.lines(
            make(
                finding("first", "/a"),
                finding("second", "GET /info X", "unknown", "audit", ""),
                warnings=("alicia may use Docker",),
            )
        )
    ]

    assert shown[:3] == [
        "alicia may use Docker",
        "violated   first   /a (is 0): It matters. -> change it",
        "(unknown)  second  GET /info X: It matters. -> change it",
    ]
    assert shown[-1].startswith("profile hardened: 1 violated, ")
