"""The JSON of `portero host` is read strictly: it may come from anywhere."""

from typing import Any

import pytest

from portero.tools.report import log_lines
from portero.tools.report.compliance_evidence import REMOVED, HostFact, LogEvidence, count_decisions, read_evidence
from tests.tools.report.decisions import SECONDS, line, violation

TIME = "2026-11-27T08:00:00.000Z"


def finding(rule: str, status: str = "violated", at: str = "/proc/x") -> dict[str, Any]:
    return {"rule": rule, "level": "baseline", "status": status, "action": "deny", "at": at}


def report(*findings: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"time": TIME, "profile": "hardened", "findings": [*findings], "passed": ["ok"], "notApplicable": [], **more}


def test_what_holds_is_violated_or_unknown_is_told() -> None:
    found = read_evidence(report(finding("bad"), finding("dark", "unknown", "/boot")))

    assert (found.profile, found.time) == ("hardened", TIME)
    assert found.find_fact("ok") == HostFact("holds")
    assert found.find_fact("bad") == HostFact("violated", ("/proc/x",))
    assert found.find_fact("dark") == HostFact("unknown", ("/boot",))


def test_what_the_check_left_out_is_not_checked() -> None:
    found = read_evidence(report(notApplicable=["docker"]))

    assert found.find_fact("docker").status == "not checked"
    assert found.find_fact("other") == HostFact("not checked", ("left out of the check under profile hardened",))


@pytest.mark.parametrize("order", [("violated", "unknown"), ("unknown", "violated")])
def test_a_rule_that_is_violated_somewhere_is_violated(order: tuple[str, str]) -> None:
    found = read_evidence(report(*(finding("bad", status, status) for status in order)))

    assert found.find_fact("bad") == HostFact("violated", order)


@pytest.mark.parametrize(
    "document",
    [
        *(None, [], "text", {}, report(profile=3), report(passed="ok"), report(passed=[1])),
        *(report(finding("x", "passed")), report(**{"findings": ["x"]}), report(time=[]), {**report(), "time": None}),
    ],
    ids=str,
)
def test_another_shape_is_no_report(document: Any) -> None:
    with pytest.raises(ValueError, match="not a report"):
        read_evidence(document)


def test_texts_are_short_and_steer_no_terminal() -> None:
    (place,) = read_evidence(report(finding("bad", at="\x1b[2J" + "x" * 5000))).find_fact("bad").locations

    assert place.startswith("?[2Jxx")
    assert len(place) == 200


def evidence(*lines: bytes) -> LogEvidence:
    found = LogEvidence(["no-privileged", "memory-limit"], ["traefik"], "ab" * 32)
    for one in lines:
        found.add(log_lines.read_decision(one))
    return found


def at(second: int, *violations: dict[str, Any], **more: Any) -> bytes:
    return line(*violations, time=f"2026-11-24T16:00:{second:02}Z", **more)


def test_a_rule_has_its_decisions_by_outcome_with_the_first_and_the_last() -> None:
    found = evidence(
        at(1, violation()),
        at(3, violation(), id="d-000000000003"),
        at(2, violation(action="audit"), id="d-000000000002"),
    ).rules["no-privileged"]

    assert found.counts == {"refused": 2, "would": 1}
    start = SECONDS // 1
    assert (found.first["refused"], found.last["refused"]) == (start + 1, start + 3)
    assert [one.id for one in found.examples["would"]] == ["d-000000000002"]
    assert found.examples["refused"][-1].operation == "ContainerCreate"


def test_a_rule_counts_once_in_a_decision_by_its_worst_outcome() -> None:
    found = evidence(line(violation(action="waived", exception="traefik"), violation(at="HostConfig.Binds[0]")))

    assert found.rules["no-privileged"].counts == {"refused": 1}


def test_only_the_latest_examples_are_kept() -> None:
    found = evidence(*(at(second, violation(), id=f"d-{second:012}") for second in range(9)))

    assert [one.id[-1] for one in found.rules["no-privileged"].examples["refused"]] == ["6", "7", "8"]


def test_other_rules_are_not_kept() -> None:
    assert {*evidence(line(violation("no-host-pid"))).rules} == {"no-privileged", "memory-limit"}


def test_exceptions_that_the_policy_does_not_have_are_counted_together() -> None:
    found = evidence(
        line(violation(action="waived", exception="traefik")),
        line(violation(action="waived", exception="gone")),
        line(violation(action="waived", exception="long-gone")),
    )

    assert found.waived == {("no-privileged", "traefik"): 1, ("no-privileged", REMOVED): 2}


def test_mode_audit_is_kept_apart_from_broken_glass() -> None:
    found = evidence(line(mode="audit"), line(mode="audit", breakGlass=True), line(profile="baseline"))

    assert (found.decisions, found.audited, found.broke_glass) == (3, 1, 1)
    assert found.profiles == {"hardened": 2, "baseline": 1}


def test_decisions_under_another_policy_are_counted() -> None:
    assert evidence(line(), line(policy="cd" * 32), line(policy="")).elsewhere == 2


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 decisions"), (1, "1 decision"), (2, "2 decisions"), (1200, "1,200 decisions")]
)
def test_decisions_are_counted_in_words(number: int, words: str) -> None:
    assert count_decisions(number) == words
