"""The decision: what is allowed, in which order violations stand, what the log line holds."""

import json
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from portero.decide.decision import Decision, NearMiss, Subject, Violation, make_refusal, sort_violations
from tests.decided import decided
from tests.paths import SCHEMAS

SCHEMA = json.loads((SCHEMAS / "decision.json").read_text())


def violation(rule: str, level: str = "baseline", at: str = "", action: str = "deny") -> Violation:
    return Violation(rule, level, at, action, "Reason.", {"docker": "remedy"})  # type: ignore[arg-type]


def decision(*violations: Violation, subject: Subject | None = None) -> Decision:
    said = {"id": "d-0123456789ab", "time": 0.5, "policy": "0" * 64, "profile": "baseline"}
    return decided(*violations, **said, subject=subject or Subject())


@pytest.mark.parametrize(
    ("actions", "allowed"),
    [([], True), (["audit"], True), (["waived"], True), (["audit", "deny"], False)],
    ids=["without violations", "a report", "what is waived", "one denial among reports"],
)
def test_one_denying_violation_denies_and_nothing_else_does(actions: list[str], allowed: bool) -> None:
    assert decision(*(violation("a", action=action) for action in actions)).allowed is allowed


def test_denials_come_before_reports_and_the_worst_level_first() -> None:
    mixed = (
        violation("a-waived", action="waived"),
        violation("z-report", action="audit"),
        violation("b-hardened", "hardened"),
        violation("b-baseline", at="B"),
        violation("b-baseline", at="A"),
        violation("a-baseline"),
        make_refusal("unknown-field", "X"),
    )

    ordered = sort_violations(mixed)

    assert [(v.rule, v.at) for v in ordered] == [
        ("unknown-field", "X"),
        ("a-baseline", ""),
        ("b-baseline", "A"),
        ("b-baseline", "B"),
        ("b-hardened", ""),
        ("z-report", ""),
        ("a-waived", ""),
    ]


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param(Subject(), id="nothing could be read"),
        pytest.param(
            Subject(
                "ContainerCreate", "POST", "/containers/create", "1.45", "alice", "Docker-Client", "busybox", False
            ),
            id="everything could be read",
        ),
    ],
)
def test_the_log_line_follows_its_schema(subject: Subject) -> None:
    line = decision(
        make_refusal("body-missing", ""), violation("no-privileged", at="HostConfig.Privileged"), subject=subject
    )

    Draft202012Validator(SCHEMA).validate(line.line(microseconds=12))


def test_the_log_line_tells_time_in_utc_and_each_violation_with_its_place() -> None:
    line = decision(violation("no-privileged", at="HostConfig.Privileged")).line(microseconds=7)

    assert line["time"] == "1970-01-01T00:00:00.500Z"
    assert line["microseconds"] == 7
    assert line["violations"] == [
        {"rule": "no-privileged", "level": "baseline", "at": "HostConfig.Privileged", "action": "deny"}
    ]


def test_the_log_line_names_the_exception_and_the_defaults_of_the_daemon() -> None:
    waived = replace(violation("log-driver", at="HostConfig.LogConfig", action="waived"), exception="old-app")
    defaulted = replace(violation("no-log-none", at="HostConfig.LogConfig"), default=True)

    line = decision(waived, defaulted, subject=Subject(daemon_defaults=("log.driver",))).line(microseconds=1)

    Draft202012Validator(SCHEMA).validate(line)
    about = {"level": "baseline", "at": "HostConfig.LogConfig"}
    assert line["violations"] == [
        {"rule": "log-driver", **about, "action": "waived", "exception": "old-app"},
        {"rule": "no-log-none", **about, "action": "deny", "daemonDefault": True},
    ]
    assert line["daemonDefaults"] == ["log.driver"]


def test_a_near_miss_is_a_bounded_sentence_in_the_log() -> None:
    near = NearMiss("probe", "facts.image.repository", f"matches all but facts.image.repository: {'x' * 1000} is not y")
    entry = Violation("r", "baseline", "at", "deny", "", {}, near_miss=near).entry()

    assert str(entry["nearMiss"]).startswith("probe matches all but facts.image.repository: xxx")
    assert len(str(entry["nearMiss"])) == 240
    assert "nearMiss" not in Violation("r", "baseline", "at", "deny", "", {}).entry()
