"""A rule file becomes a Rule: its name is the id, its folder the topic, and the condition stands alone."""

from dataclasses import replace
from pathlib import PurePath
from typing import Any

import pytest

from portero.decide.identity.caller import NO_IDENTITY, Identity
from portero.decide.policy import rule
from portero.decide.policy.rule import Example, Level, Rule, fill_site_values, find_action

SITE: Any = {
    "profiles": [
        {"groups": ["ops"], "methods": ["tls"], "profile": "baseline"},
        {"users": ["ci", "robot"], "profile": "hardened"},
        {"groups": ["dev", "qa"], "profile": "hardened"},
        {"methods": [""], "profile": "restricted"},
        {"methods": ["tls+token"], "profile": "baseline"},
    ]
}
ACTIONS = [
    ("baseline", None, ("deny", "deny", "deny")),
    ("hardened", None, ("off", "deny", "deny")),
    ("hardened", "baseline", ("audit", "deny", "deny")),
    ("restricted", None, ("off", "off", "deny")),
    ("restricted", "hardened", ("off", "audit", "deny")),
    ("advisory", None, ("audit", "audit", "audit")),
]


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


@pytest.mark.parametrize(
    ("who", "profile"),
    [
        (Identity("alicia", ("ops",), "tls"), "baseline"),
        (Identity("alicia", ("ops",), "tls+token"), "baseline"),
        # The first entry asks for a certificate, and no other names ops.
        (Identity("alicia", ("ops",), "token"), "default"),
        (Identity("ci", (), "token"), "hardened"),
        (Identity("bob", ("x", "qa"), "token"), "hardened"),
        (Identity("bob", (), "tls+token"), "baseline"),
        (Identity("bob", (), "tls"), "default"),
        (NO_IDENTITY, "restricted"),
    ],
)
def test_the_first_entry_that_matches_in_every_list_counts(who: Identity, profile: str) -> None:
    assert rule.choose_profile(SITE, who, "default") == profile


def test_an_entry_without_lists_is_for_everybody() -> None:
    site: Any = {"profiles": [{"groups": ["ops"], "profile": "baseline"}, {"profile": "restricted"}]}

    assert rule.choose_profile(site, NO_IDENTITY, "hardened") == "restricted"


def test_without_the_value_the_default_counts() -> None:
    assert rule.choose_profile({}, Identity("alicia"), "hardened") == "hardened"


@pytest.mark.parametrize(
    ("profile", "other", "stricter"),
    [
        ("restricted", "baseline", True),
        ("hardened", "hardened", False),
        ("baseline", "hardened", False),
        ("", "baseline", False),
    ],
)
def test_a_profile_is_stricter_than_those_below_it(profile: str, other: str, stricter: bool) -> None:
    assert rule.is_stricter(profile, other) is stricter


@pytest.mark.parametrize(("level", "reports", "actions"), ACTIONS)
def test_a_rule_is_enforced_from_its_level_on_and_reported_from_another(
    written: dict[str, Any], level: Level, reports: Level | None, actions: tuple[str, ...]
) -> None:
    rule = replace(Rule.of(PurePath("schemas/rules/x/y.json"), written), level=level, reports=reports)

    assert tuple(find_action(rule, profile) for profile in ("baseline", "hardened", "restricted")) == actions
