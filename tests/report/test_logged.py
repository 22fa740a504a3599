"""A line of the log is read as what it says, and what is no line of ours is refused whatever it is."""

import json
from typing import Any

import pytest

from portero.decision import Decision, Subject, refusal
from portero.report import logged
from portero.report.logged import LoggedViolation, NoDecision
from tests.report.decisions import SECONDS, decision, line, violation


def test_a_line_as_portero_writes_it_is_read() -> None:
    subject = Subject("ContainerCreate", "POST", "/containers/create", "1.45", "alice", image="busybox")
    made = Decision(
        id="d-0123456789ab",
        time=SECONDS,
        subject=subject,
        violations=(refusal("body-hidden", "Image"),),
        policy="ab",
        profile="baseline",
        mode="enforce",
    )

    read = logged.read(json.dumps(made.line(800)).encode())

    assert (read.id, read.time, read.user, read.operation) == ("d-0123456789ab", SECONDS, "alice", "ContainerCreate")
    assert (read.version, read.image, read.allowed, read.microseconds) == ("1.45", "busybox", False, 800)
    assert read.violations == (LoggedViolation("body-hidden", "always", "Image", "refused", ""),)


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
    (read,) = logged.read(line(violated, profile=profile)).violations

    assert read.outcome == outcome
    assert read.exception == violated.get("exception", "")


@pytest.mark.parametrize(
    ("violations", "outcome"),
    [
        ([], "allowed"),
        ([violation(action="audit", level="advisory")], "allowed"),
        ([violation(action="waived", exception="probe")], "allowed"),
        ([violation(action="audit")], "would"),
        ([violation(action="audit"), violation("no-host-pid")], "refused"),
    ],
)
def test_what_became_of_a_request(violations: list[dict[str, Any]], outcome: str) -> None:
    assert logged.read(line(*violations)).outcome == outcome


CHANGES: dict[str, dict[str, Any]] = {
    "another version": {"version": 3},
    "no version": {"version": None},
    "no text": {"user": 7},
    "no time": {"time": "yesterday"},
    "a time beyond the calendar": {"time": "99999-01-01T00:00:00Z"},
    "no truth": {"allowed": "yes"},
    "another mode": {"mode": "maybe"},
    "another profile": {"profile": "none"},
    "violations that are none": {"violations": {"rule": "x"}},
    "a violation that is none": {"violations": ["x"]},
    "an action that is none": {"violations": [violation(action="allow")]},
    "a level that is none": {"violations": [violation(action="audit", level="top")]},
    "a violation without a place": {"violations": [{"rule": "x", "level": "baseline", "action": "deny"}]},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_line_with_something_else_in_it_is_none(change: dict[str, Any]) -> None:
    with pytest.raises(NoDecision):
        logged.read(line(**change))


@pytest.mark.parametrize(
    "text", [b"", b"x", b"[]", b"7", b"{}", b"\xff", b"[" * 100_000, b'{"version": 1}', b"1" * 10_000, line()[:-20]]
)
def test_a_line_of_something_else_is_none(text: bytes) -> None:
    with pytest.raises(NoDecision):
        logged.read(text)


@pytest.mark.parametrize("field", sorted(decision().keys() - {"daemonDefaults"}))
def test_a_line_in_which_a_field_is_missing_is_none(field: str) -> None:
    content = decision()
    del content[field]

    with pytest.raises(NoDecision):
        logged.read(json.dumps(content).encode())


@pytest.mark.parametrize("letter", ["\0", "\n", "\x1b", "\x9b", "\u202e", "\u2066", "\ud800", "\u2028"])
def test_no_letter_is_left_that_steers_a_terminal_or_a_browser(letter: str) -> None:
    assert logged.read(line(user=f"a{letter}b")).user == "a\N{REPLACEMENT CHARACTER}b"


def test_a_long_text_is_cut() -> None:
    user = logged.read(line(user="x" * 100_000)).user

    assert user == "x" * 200 + "…"
    assert logged.read(line(user="x" * 200)).user == "x" * 200


def test_a_time_without_a_zone_is_utc() -> None:
    assert logged.read(line(time="2026-11-24T16:00:00.123")).time == SECONDS


def test_a_line_of_the_first_version_names_its_place_as_place() -> None:
    written = decision(
        {"rule": "no-privileged", "level": "baseline", "place": "Privileged", "action": "deny"}, version=1
    )

    (read,) = logged.read(json.dumps(written).encode()).violations

    assert read.at == "Privileged"


@pytest.mark.parametrize(
    ("violations", "only"),
    [
        ([], False),
        ([violation("image-tag", "audit", level="restricted", profile="restricted")], True),
        (
            [
                violation("image-tag", "audit", level="restricted", profile="restricted"),
                violation(action="audit", profile="hardened"),
            ],
            False,
        ),
    ],
)
def test_what_only_the_audit_profile_refuses_is_told_apart(violations: list[dict[str, Any]], only: bool) -> None:
    read = logged.read(line(*violations, auditProfile="restricted"))

    assert (read.audit_profile, read.only_audit_profile_refuses) == ("restricted", only)


@pytest.mark.parametrize("alike", [0, 1, -5, 100_001, True, "7", 2.5, None])
def test_a_number_that_portero_does_not_write_is_no_decision(alike: object) -> None:
    assert logged.read(line(alike=7)).stands_for == 7
    with pytest.raises(NoDecision):
        logged.read(line(alike=alike))
