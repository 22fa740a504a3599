"""No requirement of the guide, of CIS section 5 or of Pod Security is left without a rule or without a word why."""

from typing import Any

import pytest

from tests.project.architecture import guide_coverage, rule_pages

PAGE: Any = guide_coverage
WANTED = PAGE.requirements()
REQUESTS = PAGE.rules("rules")
HOST = PAGE.rules("host")


def carrying(source: str, rules: Any) -> list[str]:
    return [rule.id for rule in rules if source in rule.sources]


def rows(table: str, kind: str = "") -> Any:
    chosen = [row for row in WANTED[table] if not kind or row[kind]]
    return pytest.mark.parametrize("row", chosen, ids=[row["id"] for row in chosen])


def test_every_row_of_the_guide_is_there() -> None:
    assert [row["id"] for row in WANTED["guide"]] == [f"G{number}" for number in range(1, 24)]


def test_every_item_of_cis_section_5_is_there() -> None:
    assert [row["id"] for row in WANTED["cis"]] == [f"CIS 5.{number}" for number in range(1, 33)]


@rows("guide", "request")
def test_a_row_of_the_guide_about_requests_has_a_request_rule(row: dict[str, Any]) -> None:
    assert carrying(row["id"], REQUESTS)


@rows("guide", "host")
def test_a_row_of_the_guide_about_the_host_has_a_host_rule(row: dict[str, Any]) -> None:
    assert carrying(row["id"], HOST)


@rows("guide")
def test_a_row_of_the_guide_that_no_request_shows_says_why(row: dict[str, Any]) -> None:
    assert row["request"] or row["remark"]


@rows("cis")
def test_a_cis_item_has_a_request_rule(row: dict[str, Any]) -> None:
    assert carrying(row["id"], REQUESTS)


@rows("pss")
def test_a_pod_security_control_has_its_rules_or_a_word_why_not(row: dict[str, Any]) -> None:
    source = f"PSS {row['profile']}"
    known = {rule.id: rule for rule in REQUESTS}

    carry = [known[id] for id in row["rules"] if id in known and PAGE.names_pod_security(known[id])]
    assert carry or row["remark"]
    assert all("PSS baseline" in rule.sources or source in rule.sources for rule in carry)


def test_a_rule_that_names_pod_security_carries_one_of_its_controls() -> None:
    carried = {id for row in WANTED["pss"] for id in row["rules"]}
    named = {rule.id for rule in REQUESTS if any(source.startswith("PSS") for source in rule.sources)}

    assert named - carried == set()


def test_every_request_rule_is_linked_from_its_rows() -> None:
    page = PAGE.coverage_page()

    assert [
        rule.id
        for rule in REQUESTS
        if any(source.startswith(("G", "CIS 5")) for source in rule.sources)
        and f"](rules/{rule_pages.find_page(rule.topic, rule.id)}.md#{rule.id})" not in page
    ] == []


def test_hardened_is_exactly_what_the_guide_asks_for() -> None:
    asked = {id: row["id"] for row in WANTED["guide"] for id in row["hardened"]}

    assert {rule.id for rule in REQUESTS if rule.level == "hardened"} == set(asked)


@rows("guide", "hardened")
def test_a_hardened_rule_names_the_row_of_the_guide_that_asks_for_it(row: dict[str, Any]) -> None:
    assert set(row["hardened"]) <= set(carrying(row["id"], REQUESTS))
