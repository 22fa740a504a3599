"""A rule file becomes a Rule: its name is the id, its folder the topic, and the condition stands alone."""

from pathlib import PurePath
from typing import Any

from portero.policy.rule import Example, Rule


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
