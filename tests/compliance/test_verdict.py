"""An item is as good as the worst rule that it needs; the log and the host can take away what the policy promises."""

from typing import Any

import pytest

from portero.compliance.evidence import HostEvidence, HostFact
from portero.compliance.verdict import ItemResult, Part
from tests.report.decisions import line, violation

from .conftest import MakeResult
from .test_rule_effect import EXCEPTION


def host(**facts: str) -> HostEvidence:
    found: dict[str, Any] = {rule.replace("_", "-"): HostFact(status) for rule, status in facts.items()}  # type: ignore[arg-type]
    return HostEvidence("restricted", "2026-11-27T08:00:00Z", found)


def item(result: Any, id: str) -> ItemResult:
    return next(each for each in result.items if each.item.id == id)


def part(result: Any, id: str, rule: str) -> Part:
    return next(each for each in item(result, id).parts if each.rule.id == rule)


def test_rules_that_all_refuse_enforce_an_item(make_result: MakeResult) -> None:
    assert item(make_result(profile="hardened"), "5.5").verdict == "enforced"


def test_the_worst_needed_rule_decides(make_result: MakeResult) -> None:
    found = item(make_result(profile="restricted"), "5.15")

    assert {one.rule.id: one.state for one in found.parts} == {
        "restart-limited": "enforced",
        "no-restart-always": "reported",
    }
    assert found.verdict == "reported"


def test_rules_that_go_further_decide_nothing(make_result: MakeResult) -> None:
    found = item(make_result(profile="hardened"), "5.4")

    assert found.verdict == "enforced"
    assert "not enforced" in {one.state for one in found.parts if not one.needed}


@pytest.mark.parametrize("status", ["holds", "violated", "unknown"])
def test_an_item_of_the_host_is_as_the_check_found_it(make_result: MakeResult, status: str) -> None:
    assert item(make_result(host=host(live_restore=status)), "2.15").verdict == status


def test_without_a_check_of_the_host_nothing_about_it_is_met(make_result: MakeResult) -> None:
    result = make_result()

    assert item(result, "2.15").verdict == "not checked"
    assert part(result, "2.15", "live-restore").notes == ("no check of the host was given",)


def test_an_item_of_both_kinds_needs_both(make_result: MakeResult) -> None:
    checked = {"apparmor_profile_loaded": "holds", "daemon_access_control": "holds"}

    assert item(make_result(host=host(**checked)), "5.2").verdict == "enforced"
    assert item(make_result(host=host(**checked | {"daemon_access_control": "violated"})), "5.2").verdict == "violated"


def test_what_portero_cannot_decide_says_why(make_result: MakeResult) -> None:
    found = item(make_result(), "1.1.3")

    assert (found.verdict, found.parts) == ("not decidable", ())
    assert found.why.startswith("Portero does not read")
    assert item(make_result("pss"), "baseline/hostprocess").verdict == "not applicable"


@pytest.mark.parametrize("guard", ["guarded_by_portero", "cve_2026_34040_fixed", "no_plugin_shadow"])
def test_nothing_is_enforced_where_requests_get_past_portero(make_result: MakeResult, guard: str) -> None:
    found = part(make_result(host=host(**{guard: "violated"})), "5.5", "no-privileged")

    assert found.state == "not enforced"
    assert found.notes == (f"requests get past Portero: {guard.replace('_', '-')} violated on the host",)


def test_a_log_that_shows_lapses_weakens_a_rule(make_result: MakeResult) -> None:
    log = line(violation(action="audit"), mode="audit") + line(violation()) + line(profile="baseline")
    result = make_result(log=log, profile="hardened")

    assert item(result, "5.5").verdict == "weakened"
    assert part(result, "5.5", "no-privileged").notes == (
        "violated and only reported in 1 decision, the last 2026-11-24 16:00 (d-0123456789ab)",
    )
    assert part(result, "5.11", "memory-limit").notes == (
        "mode audit in 1 decision of the log",
        "profile baseline, which does not enforce it, in 1 decision of the log",
    )


def test_an_exception_shows_how_often_it_was_used(make_result: MakeResult) -> None:
    used = violation("no-host-network", "waived", exception="meter")
    gone = violation("no-host-network", "waived", exception="gone")
    result = make_result(log=line(used) * 2 + line(gone), files={"exceptions/meter.json": EXCEPTION})

    assert item(result, "5.10").verdict == "weakened"
    assert part(result, "5.10", "no-host-network").notes == (
        "exception meter until 2099-12-31 (ops: Measures traffic.)",
        "waived in 1 decision by exceptions that the policy no longer has",
        "waived in 2 decisions by exception meter",
    )


def test_a_clean_log_takes_nothing_away_and_is_evidence(make_result: MakeResult) -> None:
    result = make_result(log=line(violation()), profile="hardened")
    found = part(result, "5.5", "no-privileged")

    assert (found.state, found.notes) == ("enforced", ())
    assert found.evidence is not None
    assert found.evidence.counts == {"refused": 1}


def test_the_checks_of_docker_bench_stand_beside_every_item(make_result: MakeResult) -> None:
    assert item(make_result(), "5.5").checks == ("check_5_5",)
    assert item(make_result("pss"), "baseline/privileged-containers").checks == ("check_5_5", "check_5_23")
    assert item(make_result("nist-800-190"), "4.1.1").checks == ()
