"""Findings are counted and shown by rule, not by place."""

from collections.abc import Callable

import pytest

from portero.report import host_result
from portero.report.host_result import HostResult

from .conftest import finding


def test_places_of_one_rule_are_one_entry_sorted(make: Callable[..., HostResult]) -> None:
    (only,) = make(finding("first", "/b"), finding("first", "/a")).violated

    assert only.places == ["/a (is 0)", "/b (is 0)"]


def test_what_is_unknown_stands_apart_and_has_no_value(make: Callable[..., HostResult]) -> None:
    violated, unknown = make(finding("first", "/a"), finding("first", "/b", "unknown", value='"unknown"')).violated

    assert (violated.status, violated.places) == ("violated", ["/a (is 0)"])
    assert (unknown.status, unknown.places) == ("unknown", ["/b"])


def test_counts_are_of_rules_and_keep_apart_what_is_enforced(make: Callable[..., HostResult]) -> None:
    found = make(finding("first", "/a"), finding("first", "/b"), finding("second", "/c", action="audit"))

    assert found.summary == ("profile hardened: 1 violated, 0 unknown, 1 only reported, 1 passed, 0 not applicable")


@pytest.mark.parametrize(
    ("installed", "version", "words"),
    [
        (True, "26.1.5", "dockerd 26.1.5"),
        (True, "unknown", "dockerd of unknown version"),
        (False, "unknown", "without Docker"),
    ],
)
def test_the_engine_is_named_as_far_as_it_is_known(
    make: Callable[..., HostResult], installed: bool, version: str, words: str
) -> None:
    found = make(version=version)
    found.document["daemon"]["installed"]["value"] = installed

    assert found.engine == words


def test_lines_are_aligned_and_brackets_stand_around_what_is_only_reported(make: Callable[..., HostResult]) -> None:
    shown = [
        *host_result.list_lines(
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
