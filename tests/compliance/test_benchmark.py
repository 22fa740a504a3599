"""Each benchmark has every item of its source, and every built-in rule carries one of them or is listed as outside."""

import json
from collections import Counter

import pytest

from portero.compliance.benchmark import NAMES, Benchmark, load
from tests.paths import SCHEMAS

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


def ids(name: str) -> list[str]:
    return [item.id for item in load(name).items]


def test_every_item_of_the_cis_benchmark_is_there() -> None:
    assert ids("cis") == counted(CIS)


def test_every_row_of_the_guide_is_there() -> None:
    assert ids("guide") == [f"G{number}" for number in range(1, 24)]


def test_every_countermeasure_of_nist_is_there_with_its_risk() -> None:
    assert ids("nist-800-190") == [*counted(NIST), "4.6"]
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
