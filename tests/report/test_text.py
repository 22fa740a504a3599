"""A line for each rule that does not hold."""

from collections.abc import Callable

from portero.report import host_result
from portero.report.host_result import HostResult

from .conftest import finding


def test_lines_are_aligned_and_brackets_stand_around_what_is_only_reported(make: Callable[..., HostResult]) -> None:
    shown = [
        *host_result.lines(
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
