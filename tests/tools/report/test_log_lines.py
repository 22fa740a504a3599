"""A line of the log is read as what it says, and what is no line of ours is refused whatever it is."""

import json
from typing import Any

import pytest

from portero.decide.decision import Decision, Subject, make_refusal
from portero.tools.report import log_lines
from portero.tools.report.log_lines import find_plugin_line
from portero.tools.report.log_violation import LoggedViolation
from tests.tools.report.decisions import SECONDS, decision, line, violation


def test_a_line_as_portero_writes_it_is_read() -> None:
    subject = Subject("ContainerCreate", "POST", "/containers/create", "1.45", "alice", image="busybox")
    said = {"id": "d-0123456789ab", "time": SECONDS, "policy": "ab", "profile": "baseline", "mode": "enforce"}
    made = Decision(**said, subject=subject, violations=(make_refusal("body-hidden", "Image"),))

    read = log_lines.read_decision(json.dumps(made.line(800)).encode())

    assert (read.id, read.time, read.user, read.operation) == ("d-0123456789ab", SECONDS, "alice", "ContainerCreate")
    assert (read.version, read.image, read.allowed, read.microseconds) == ("1.45", "busybox", False, 800)
    assert read.violations == (LoggedViolation("body-hidden", "always", "Image", "refused", ""),)


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
    assert log_lines.read_decision(line(*violations)).outcome == outcome


CHANGES: dict[str, dict[str, Any]] = {
    "another version": {"version": 3},
    "an older version": {"version": 1},
    "no version": {"version": None},
    "no text": {"user": 7},
    "no time": {"time": "yesterday"},
    "a time beyond the calendar": {"time": "99999-01-01T00:00:00Z"},
    "no truth": {"allowed": "yes"},
    "another mode": {"mode": "maybe"},
    "another profile": {"profile": "none"},
    "violations that are none": {"violations": {"rule": "x"}},
    "a violation that is none": {"violations": ["x"]},
    "a year of no log": {"time": "0001-01-01T00:00:00Z"},
    "a year before all logs": {"time": "1969-12-31T23:59:59Z"},
    "a year after all logs": {"time": "9999-12-31T23:59:59Z"},
    "an action that is none": {"violations": [violation(action="allow")]},
    "a level that is none": {"violations": [violation(action="audit", level="top")]},
    "a proposal that is none": {"try": []},
    "half a proposal": {"try": {"add": [], "instead": []}},
    "a flag without words": {"try": {"add": [[]], "instead": [], "without": []}},
    "a violation without a place": {"violations": [{"rule": "x", "level": "baseline", "action": "deny"}]},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_line_with_something_else_in_it_is_none(change: dict[str, Any]) -> None:
    assert log_lines.read_decision(line(**change)) is None


@pytest.mark.parametrize(
    "text", [b"", b"x", b"[]", b"7", b"{}", b"\xff", b"[" * 100_000, b'{"version": 1}', b"1" * 10_000, line()[:-20]]
)
def test_a_line_of_something_else_is_none(text: bytes) -> None:
    assert log_lines.read_decision(text) is None


@pytest.mark.parametrize("field", sorted(decision().keys() - {"daemonDefaults"}))
def test_a_line_in_which_a_field_is_missing_is_none(field: str) -> None:
    content = decision()
    del content[field]

    assert log_lines.read_decision(json.dumps(content).encode()) is None


def test_a_time_without_a_zone_is_utc() -> None:
    assert log_lines.read_decision(line(time="2026-11-24T16:00:00.123")).time == SECONDS


STRICTER = violation("image-tag", "audit", level="restricted", profile="restricted")


@pytest.mark.parametrize(
    ("violations", "only"),
    [([], False), ([STRICTER], True), ([STRICTER, violation(action="audit", profile="hardened")], False)],
)
def test_what_only_the_audit_profile_refuses_is_told_apart(violations: list[dict[str, Any]], only: bool) -> None:
    read = log_lines.read_decision(line(*violations, auditProfile="restricted"))

    assert (read.audit_profile, read.only_audit_profile_refuses) == ("restricted", only)


def test_of_each_rule_the_worst_violation_counts() -> None:
    waived, refused = violation(action="waived", exception="probe"), violation(at="HostConfig.Binds[0]")
    audited = violation("no-host-pid", action="audit")

    read = log_lines.read_decision(line(waived, audited, refused, refused))

    assert [(one.rule, one.outcome) for one in read.worst] == [("no-privileged", "refused"), ("no-host-pid", "would")]
    assert [one.outcome for one in read.worst_first] == ["refused", "refused", "would", "waived"]


@pytest.mark.parametrize(("name", "value"), [("user", "mallory"), ("image", None), ("microseconds", 7)])
def test_of_a_name_that_stands_twice_the_last_counts(name: str, value: object) -> None:
    twice = line(violation()).decode().rstrip()[:-1] + f', "{name}": {json.dumps(value)}}}'

    assert log_lines.read_decision(twice.encode()) == log_lines.read_decision(line(violation(), **{name: value}))


PLUGIN = "ab" * 32


def dockerd(text: bytes, level: str = "info", before: str = "") -> bytes:
    quoted = json.dumps(text.decode())
    return f'{before}time="2026-11-25T10:28:14Z" level={level} msg={quoted} plugin={PLUGIN}\n'.encode()


@pytest.mark.parametrize("before", ["", "Nov 25 10:28:14 build7 dockerd[812]: "])
def test_a_decision_is_found_with_and_without_the_journal_s_prefix(before: str) -> None:
    assert find_plugin_line(dockerd(line().strip(), before=before)) == line().strip()
    assert log_lines.read_decision(dockerd(line().strip(), before=before)).id == "d-0123456789ab"


@pytest.mark.parametrize(
    "other",
    [
        line(),
        dockerd(line().strip(), level="error"),
        b'time="2026-11-25T10:28:14Z" level=info msg="API listen on /run/docker.sock"\n',
        b'time="2026-11-25T10:28:14Z" level=info msg="\\x7f" plugin=' + PLUGIN.encode() + b"\n",
        b"",
    ],
)
def test_any_other_line_stays_as_it_is(other: bytes) -> None:
    assert find_plugin_line(other) == other


def test_a_line_inside_another_message_is_no_decision() -> None:
    inner = dockerd(line().strip()).strip()

    assert find_plugin_line(dockerd(inner, level="error")) == dockerd(inner, level="error")
