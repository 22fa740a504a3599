"""A rule file becomes a Rule: its name is the id, its folder the topic, and the condition stands alone."""

from pathlib import PurePath
from typing import Any

import pytest

from portero.decide.policy.rule import Example, Rule, fill_site_values


def test_a_rule_is_named_by_its_file_and_holds_the_condition_apart(written: dict[str, Any]) -> None:
    rule = Rule.of(PurePath("schemas/rules/privileges/no-privileged.json"), written)

    assert (rule.id, rule.topic) == ("no-privileged", "privileges")
    assert rule.file == "schemas/rules/privileges/no-privileged.json"
    assert rule.schema == {"properties": written["properties"]}
    assert (rule.level, rule.reports) == ("baseline", None)
    assert rule.operations == ("ContainerCreate", "ContainerExec")


def test_an_example_is_of_the_first_operation_unless_it_says_another(written: dict[str, Any]) -> None:
    rule = Rule.of(PurePath("rules/privileges/no-privileged.json"), written)

    assert rule.allows == (Example("docker run busybox", "ContainerCreate", {}),)
    assert [example.operation for example in rule.denies] == ["ContainerCreate", "ContainerExec"]


@pytest.mark.parametrize(
    ("changes", "at_use"),
    [
        ({}, True),
        ({"threats": ["container-escape", "denial-of-service"]}, True),
        ({"threats": ["denial-of-service"]}, False),
        ({"level": "hardened"}, False),
        ({"atUse": False}, False),
        ({"level": "hardened", "threats": ["confidentiality"], "atUse": True}, True),
    ],
    ids=str,
)
def test_what_counts_at_use_is_of_baseline_against_the_host_unless_the_file_says_otherwise(
    written: dict[str, Any], changes: dict[str, Any], at_use: bool
) -> None:
    rule = Rule.of(PurePath("rules/privileges/no-privileged.json"), written | changes)

    assert rule.at_use is at_use
    assert rule.schema == {"properties": written["properties"]}


def test_a_remedy_has_the_figures_of_the_site(written: dict[str, Any]) -> None:
    written["remedy"] = {"docker": "--memory {memory-max}, not {.Name}", "compose": "mem_limit: {memory-max}"}
    rule = fill_site_values(Rule.of(PurePath("rules/resources/memory-limit.json"), written), {"memory-max": "2g"})

    assert rule.remedy == {"docker": "--memory 2g, not {.Name}", "compose": "mem_limit: 2g"}
