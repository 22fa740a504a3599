"""The first entry that matches the caller chooses the profile; level, profile and site choose the action of a rule."""

from dataclasses import replace
from pathlib import PurePath
from typing import Any

import pytest

from portero.decide.identity.caller import NO_IDENTITY, Identity
from portero.decide.policy import profiles
from portero.decide.policy.profiles import find_action
from portero.decide.policy.rule import Level, Rule

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
    assert profiles.choose_profile(SITE, who, "default") == profile


def test_an_entry_without_lists_is_for_everybody() -> None:
    site: Any = {"profiles": [{"groups": ["ops"], "profile": "baseline"}, {"profile": "restricted"}]}

    assert profiles.choose_profile(site, NO_IDENTITY, "hardened") == "restricted"


def test_without_the_value_the_default_counts() -> None:
    assert profiles.choose_profile({}, Identity("alicia"), "hardened") == "hardened"


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
    assert profiles.is_stricter(profile, other) is stricter


@pytest.mark.parametrize(("level", "reports", "actions"), ACTIONS)
def test_a_rule_is_enforced_from_its_level_on_and_reported_from_another(
    written: dict[str, Any], level: Level, reports: Level | None, actions: tuple[str, ...]
) -> None:
    rule = replace(Rule.of(PurePath("schemas/rules/x/y.json"), written), level=level, reports=reports)

    assert tuple(find_action(rule, profile) for profile in ("baseline", "hardened", "restricted")) == actions
