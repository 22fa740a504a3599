"""An item is as good as the worst rule that it needs; the log and the host can take away what the policy promises."""

import json
from collections import Counter
from typing import Any

import pytest

from portero.tools.report.benchmark_items import NAMES, Benchmark, ItemResult, Part, load
from portero.tools.report.compliance_evidence import HostEvidence, HostFact
from tests.paths import SCHEMAS
from tests.tools.report.decisions import line, violation

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


def test_signatures_of_images_are_decided_by_their_rule(make_result: MakeResult) -> None:
    assert part(make_result(), "4.12", "image-signed").notes == ("it is of level restricted, the profile is hardened",)


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
        "exception meter until 2099-12-31 (ops: Meters.)",
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


SOURCES = {
    file.stem: (branch, tuple(json.loads(file.read_text())["sources"]))
    for branch in ("rules", "host")
    for file in (SCHEMAS / branch).glob("*/*.json")
}
CIS = {"1.1": 18, "1.2": 2, "2": 18, "3": 24, "4": 12, "5": 32, "6": 2, "7": 9}
NIST = {"4.1": 5, "4.2": 3, "4.3": 5, "4.4": 5, "4.5": 5}
every_benchmark = pytest.mark.parametrize("benchmark", [load(name) for name in NAMES], ids=NAMES)


def counted(numbers: dict[str, int]) -> list[str]:
    return [f"{section}.{number}" for section, most in numbers.items() for number in range(1, most + 1)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cis", counted(CIS)),
        ("guide", [f"G{number}" for number in range(1, 24)]),
        ("nist-800-190", [*counted(NIST), "4.6"]),
    ],
)
def test_every_item_of_a_benchmark_is_there(name: str, expected: list[str]) -> None:
    assert [item.id for item in load(name).items] == expected


def test_every_countermeasure_of_nist_has_its_risk() -> None:
    assert [item.risk for item in load("nist-800-190").items] == [f"3{id[1:]}" for id in counted(NIST)] + [""]


def test_every_control_of_pod_security_is_there() -> None:
    sections = {section.id: [item.title for item in section.items] for section in load("pss").sections}

    assert {profile: len(titles) for profile, titles in sections.items()} == {"baseline": 12, "restricted": 6}
    assert {"Host namespaces", "HostPath volumes", "Seccomp", "Sysctls"} <= {*sections["baseline"]}
    assert {"Volume types", "Privilege escalation", "Running as non-root"} <= {*sections["restricted"]}


@every_benchmark
def test_a_benchmark_names_its_version_and_source(benchmark: Benchmark) -> None:
    assert all((benchmark.name, benchmark.version, benchmark.source))
    assert all(section.title for section in benchmark.sections)
    assert len({item.id for item in benchmark.items}) == len(list(benchmark.items))


@every_benchmark
def test_every_rule_and_host_check_that_an_item_names_exists(benchmark: Benchmark) -> None:
    assert benchmark.rules - SOURCES.keys() == set()


@every_benchmark
def test_every_built_in_rule_carries_an_item_or_is_listed_as_outside(benchmark: Benchmark) -> None:
    outside = [rule for rules in benchmark.outside.values() for rule in rules]
    placed = Counter([*benchmark.rules, *outside])

    assert placed == Counter(SOURCES.keys())


@every_benchmark
def test_an_item_has_rules_or_says_why_not(benchmark: Benchmark) -> None:
    for item in benchmark.items:
        assert (bool(item.needs), bool(item.undecidable), bool(item.not_applicable)).count(True) == 1, item.id
        assert not {*item.needs} & {*item.more}, item.id
        assert item.needs or not item.remark, item.id


@pytest.mark.parametrize(("name", "prefix"), [("cis", "CIS "), ("guide", ""), ("nist-800-190", "NIST ")])
def test_a_rule_that_names_an_item_among_its_sources_carries_it(name: str, prefix: str) -> None:
    missing = {
        (item.id, rule)
        for item in load(name).items
        for rule, (_, sources) in SOURCES.items()
        if f"{prefix}{item.id}" in sources and rule not in (*item.needs, *item.more)
    }

    assert missing == set()
