"""No requirement of the guide, of CIS section 5 or of Pod Security is left without a rule or without a word why."""

from typing import Any

from tests.project.architecture import guide_coverage, rule_pages

PAGE: Any = guide_coverage
WANTED = PAGE.requirements()
REQUESTS = PAGE.rules("rules")
HOST = PAGE.rules("host")


def carrying(source: str, rules: Any) -> list[str]:
    return [rule.id for rule in rules if source in rule.sources]


def test_every_row_of_the_guide_is_there() -> None:
    assert [row["id"] for row in WANTED["guide"]] == [f"G{number}" for number in range(1, 24)]


def test_every_item_of_cis_section_5_is_there() -> None:
    assert [row["id"] for row in WANTED["cis"]] == [f"CIS 5.{number}" for number in range(1, 33)]


def test_a_row_of_the_guide_has_its_rules_or_says_why_not() -> None:
    guide = WANTED["guide"]

    assert [row["id"] for row in guide if row["request"] and not carrying(row["id"], REQUESTS)] == []
    assert [row["id"] for row in guide if row["host"] and not carrying(row["id"], HOST)] == []
    assert [row["id"] for row in guide if not row["request"] and not row["remark"]] == []


def test_a_cis_item_has_a_request_rule() -> None:
    assert [row["id"] for row in WANTED["cis"] if not carrying(row["id"], REQUESTS)] == []


def test_a_pod_security_control_has_its_rules_or_a_word_why_not() -> None:
    named = {rule.id: {*rule.sources} for rule in REQUESTS if PAGE.names_pod_security(rule)}
    carry = [(row, [named[id] for id in row["rules"] if id in named]) for row in WANTED["pss"]]

    assert [row["id"] for row, sources in carry if not sources and not row["remark"]] == []
    allowed = [({"PSS baseline", f"PSS {row['profile']}"}, row["id"], sources) for row, sources in carry]
    assert [id for some, id, sources in allowed if any(some.isdisjoint(each) for each in sources)] == []


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


def test_a_hardened_rule_names_the_row_of_the_guide_that_asks_for_it() -> None:
    assert [row["id"] for row in WANTED["guide"] if not {*row["hardened"]} <= {*carrying(row["id"], REQUESTS)}] == []
