"""A violation of a log is read as what became of it, and texts as what can be shown."""

from typing import Any

import pytest

from portero.tools.report import log_lines
from portero.tools.report.log_violation import LoggedViolation, read_text, read_violation
from tests.tools.report.decisions import line, violation


@pytest.mark.parametrize(
    ("violated", "profile", "outcome"),
    [
        (violation(), "hardened", "refused"),
        (violation(action="audit"), "hardened", "would"),
        (violation(action="audit", level="always"), "baseline", "would"),
        (violation(action="audit", level="hardened"), "hardened", "would"),
        (violation(action="audit", level="restricted"), "hardened", "reported"),
        (violation(action="audit", level="advisory"), "restricted", "reported"),
        (violation(action="audit", level="restricted", profile="restricted"), "hardened", "stricter"),
        (violation(action="audit", level="restricted", profile="hardened"), "hardened", "would"),
        (violation(action="waived", exception="probe"), "hardened", "waived"),
    ],
)
def test_what_became_of_a_violation(violated: dict[str, Any], profile: str, outcome: str) -> None:
    (read,) = log_lines.read_decision(line(violated, profile=profile)).violations

    assert read.outcome == outcome
    assert read.exception == violated.get("exception", "")


def test_what_was_asked_and_what_is_allowed_are_read_where_they_are_told() -> None:
    told = violation("memory-limit", at="HostConfig.Memory", requested="4g", allowed="1g")

    assert read_violation(told, "hardened") == LoggedViolation(
        "memory-limit", "baseline", "HostConfig.Memory", "refused", "", "", "4g", "1g"
    )
    with pytest.raises(TypeError):
        read_violation(told | {"requested": 4}, "hardened")


@pytest.mark.parametrize("letter", ["\0", "\n", "\x1b", "\x9b", "\u202e", "\u2066", "\ud800", "\u2028"])
def test_no_letter_is_left_that_steers_a_terminal_or_a_browser(letter: str) -> None:
    assert log_lines.read_decision(line(user=f"a{letter}b")).user == "a\N{REPLACEMENT CHARACTER}b"


def test_a_long_text_is_cut() -> None:
    assert log_lines.read_decision(line(user="x" * 100_000)).user == "x" * 200 + "…"
    assert log_lines.read_decision(line(user="x" * 200)).user == "x" * 200


def test_another_value_is_no_text() -> None:
    with pytest.raises(TypeError):
        read_text(7)
    assert read_text("abc", 2) == "ab…"
