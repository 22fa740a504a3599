"""A policy asks the rules of the operation alone, acts by level, profile and the site's word, and keeps one order."""

from dataclasses import replace
from pathlib import PurePath
from typing import Any

import pytest

from portero.decide.decision import Violation
from portero.decide.engine.rust import RUST
from portero.decide.policy.policy import Policy, group_by_operation
from portero.decide.policy.rule import Level, Rule
from portero.decide.reading.routes import Operation

CREATE = Operation("ContainerCreate", "POST", "/containers/create", "json", True, False)
LIST = Operation("ContainerList", "GET", "/containers/json", "none", False, True)
REQUEST: dict[str, Any] = {
    "operation": "ContainerCreate",
    "facts": {"groups": [{"name": "b", "at": "GroupAdd[1]"}, {"name": "a", "at": "GroupAdd[0]"}]},
}
NO_GROUPS = {
    "properties": {"facts": {"properties": {"groups": {"items": {"required": ["x"], "properties": {"name": False}}}}}}
}


def rule(written: dict[str, Any], name: str, **changes: Any) -> Rule:
    content = {**written, "operations": ["ContainerCreate"], "level": "baseline"}
    return replace(Rule.of(PurePath(f"rules/x/{name}.json"), content), schema=NO_GROUPS, **changes)


def policy(rules: list[Rule], **actions: str) -> Policy:
    by_id = {rule.id: rule for rule in rules}
    checks = {rule.id: RUST.compile(rule.schema, {}) for rule in rules}
    site: dict[str, Any] = {
        "actions": {name.replace("_", "-"): action for name, action in actions.items()},
        "unknown-fields": "audit",
    }
    return Policy(by_id, site, "digest", checks, group_by_operation(by_id, (CREATE, LIST)))


@pytest.mark.parametrize("action", ["deny", "audit", "off"])
@pytest.mark.parametrize("level", ["baseline", "restricted", "advisory"])
def test_the_word_of_the_site_comes_first(written: dict[str, Any], level: Level, action: str) -> None:
    assert policy([rule(written, "a-b", level=level)], a_b=action).action("a-b", "hardened") == action


def test_a_violation_says_rule_level_place_action_and_words_once_for_each_place(written: dict[str, Any]) -> None:
    found = policy([rule(written, "no-groups")]).check(REQUEST, "baseline")

    words = (written["reason"], written["remedy"])
    assert found == (
        Violation("no-groups", "baseline", "GroupAdd[0]", "deny", *words),
        Violation("no-groups", "baseline", "GroupAdd[1]", "deny", *words),
    )


def test_violations_come_worst_level_first_then_by_rule(written: dict[str, Any]) -> None:
    levels = {"d": "advisory", "c": "restricted", "b": "hardened", "z": "baseline", "a": "baseline"}

    found = policy([rule(written, name, level=level) for name, level in levels.items()]).check(REQUEST, "restricted")

    assert list(dict.fromkeys(violation.rule for violation in found)) == ["a", "z", "b", "c", "d"]


def test_what_rules_refuse_can_be_asked_without_what_they_report(written: dict[str, Any]) -> None:
    asked = policy([rule(written, "a"), rule(written, "b", level="advisory"), rule(written, "c")], c="off")

    for action, rules in (("deny", {"a"}), ("audit", {"b"}), ("off", set())):
        assert {violation.rule for violation in asked.check(REQUEST, "baseline", (action,))} == rules
    assert {violation.rule for violation in asked.check(REQUEST, "baseline")} == {"a", "b"}


def test_only_rules_of_the_operation_are_asked(written: dict[str, Any]) -> None:
    asked = policy([rule(written, "a"), rule(written, "b", operations=("ContainerList",))])

    assert {violation.rule for violation in asked.check(REQUEST, "baseline")} == {"a"}
    assert {violation.rule for violation in asked.check({**REQUEST, "operation": "ContainerList"}, "baseline")} == {"b"}
    assert asked.check({**REQUEST, "operation": "Unknown"}, "baseline") == ()


def test_a_rule_for_every_operation_judges_what_changes_something(written: dict[str, Any]) -> None:
    every = rule(written, "a", operations=("*",))

    assert group_by_operation({"a": every}, (CREATE, LIST)) == {"ContainerCreate": ("a",), "ContainerList": ()}


def test_the_action_for_unknown_fields_is_the_word_of_the_site(written: dict[str, Any]) -> None:
    assert policy([]).unknown_fields == "audit"


@pytest.mark.parametrize(("site", "expected"), [("deny", "audit"), ("audit", "audit"), ("off", "off")])
def test_a_rule_can_be_reported_instead_of_enforced(written: dict[str, Any], site: str, expected: str) -> None:
    asked = policy([rule(written, "a")], a=site)

    assert asked.report("a").action("a", "baseline") == expected
    assert asked.report("none") == asked
    assert asked.action("a", "baseline") == site
