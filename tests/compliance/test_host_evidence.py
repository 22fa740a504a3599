"""The JSON of `portero host` is read strictly: it may come from anywhere."""

from typing import Any

import pytest

from portero.compliance.host_evidence import HostFact, NotAHostReport, read_evidence

TIME = "2026-11-27T08:00:00.000Z"


def finding(rule: str, status: str = "violated", at: str = "/proc/x") -> dict[str, Any]:
    return {"rule": rule, "level": "baseline", "status": status, "action": "deny", "at": at}


def report(*findings: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"time": TIME, "profile": "hardened", "findings": [*findings], "passed": ["ok"], "notApplicable": [], **more}


def test_what_holds_is_violated_or_unknown_is_told() -> None:
    found = read_evidence(report(finding("bad"), finding("dark", "unknown", "/boot")))

    assert (found.profile, found.time) == ("hardened", TIME)
    assert found.fact("ok") == HostFact("holds")
    assert found.fact("bad") == HostFact("violated", ("/proc/x",))
    assert found.fact("dark") == HostFact("unknown", ("/boot",))


def test_what_the_check_left_out_is_not_checked() -> None:
    found = read_evidence(report(notApplicable=["docker"]))

    assert found.fact("docker").status == "not checked"
    assert found.fact("other") == HostFact("not checked", ("left out of the check under profile hardened",))


@pytest.mark.parametrize("order", [("violated", "unknown"), ("unknown", "violated")])
def test_a_rule_that_is_violated_somewhere_is_violated(order: tuple[str, str]) -> None:
    found = read_evidence(report(*(finding("bad", status, status) for status in order)))

    assert found.fact("bad") == HostFact("violated", order)


def test_a_report_of_an_earlier_release_has_no_time() -> None:
    document = report()
    del document["time"]

    assert read_evidence(document).time == ""


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "text",
        {},
        report(profile=3),
        report(passed="ok"),
        report(passed=[1]),
        report(finding("x", "passed")),
        report(**{"findings": ["x"]}),
        report(time=[]),
    ],
    ids=str,
)
def test_another_shape_is_no_report(document: Any) -> None:
    with pytest.raises(NotAHostReport):
        read_evidence(document)


def test_texts_are_short_and_steer_no_terminal() -> None:
    (place,) = read_evidence(report(finding("bad", at="\x1b[2J" + "x" * 5000))).fact("bad").places

    assert place.startswith("?[2Jxx")
    assert len(place) == 200
