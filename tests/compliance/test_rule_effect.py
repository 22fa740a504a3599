"""What a rule does is found out by trying it: profile, mode, site values, exceptions and replaced rules count."""

import json
from typing import Any

import pytest

from tests.paths import SCHEMAS

from .conftest import MakeTrial

EXCEPTION: dict[str, Any] = {
    "$schema": "../exception.json",
    "dialect": 2,
    "rules": ["no-host-network"],
    "match": {"properties": {"identity": {"properties": {"user": {"const": "alice"}}}}},
    "reason": "Measures traffic.",
    "owner": "ops",
    "expires": "2099-12-31",
}


def test_a_rule_of_the_profile_is_enforced_and_refuses_its_bad_examples(make_trial: MakeTrial) -> None:
    found = make_trial(profile="baseline").try_rule("no-privileged")

    assert (found.state, found.notes) == ("enforced", ())
    assert found.refused == found.tried > 0


@pytest.mark.parametrize(
    ("rule", "state", "why"),
    [
        ("read-only-root", "not enforced", "it is of level restricted, the profile is hardened"),
        ("no-default-bridge", "reported", "it is of level restricted, the profile is hardened"),
        ("no-sshd", "reported", "the rule only reports; deny under actions in site.json enforces it"),
        ("block-io-rates", "no effect", "refuses none of its 4 bad examples: it depends on block-devices in site.json"),
        ("own-objects-only", "no effect", "ownership in site.json names no label"),
    ],
)
def test_a_rule_that_does_not_refuse_says_why(make_trial: MakeTrial, rule: str, state: str, why: str) -> None:
    found = make_trial(profile="hardened").try_rule(rule)

    assert (found.state, found.notes) == (state, (why,))


def test_the_values_of_the_site_give_a_rule_its_effect(make_trial: MakeTrial) -> None:
    values = {"registries": ["registry.example.com"], "ownership": "com.example.owner"}
    trial = make_trial({"site.json": values}, profile="restricted")

    assert trial.try_rule("image-registries").state == "enforced"
    assert trial.try_rule("own-objects-only").state == "enforced"


def test_a_bound_that_no_example_exceeds_is_told_and_still_enforced(make_trial: MakeTrial) -> None:
    found = make_trial(profile="baseline").try_rule("published-ports-limited")

    assert found.state == "enforced"
    assert found.notes == ("none of its 4 bad examples goes beyond ports-max (256) in site.json",)


def test_mode_audit_only_reports_but_for_what_would_turn_portero_off(make_trial: MakeTrial) -> None:
    trial = make_trial(profile="baseline", mode="audit")

    assert (trial.try_rule("no-privileged").state, trial.try_rule("no-privileged").notes) == (
        "reported",
        ("mode audit refuses nothing",),
    )
    assert trial.try_rule("no-plugin-changes").state == "enforced"


@pytest.mark.parametrize(("action", "state"), [("audit", "reported"), ("off", "not enforced")])
def test_actions_of_the_site_count(make_trial: MakeTrial, action: str, state: str) -> None:
    found = make_trial({"site.json": {"actions": {"no-privileged": action}}}, profile="baseline")

    assert found.try_rule("no-privileged").state == state
    assert found.try_rule("no-privileged").notes == (f"actions in site.json: {action}",)


def test_an_exception_weakens_a_rule_until_it_expires(make_trial: MakeTrial) -> None:
    files = {"exceptions/meter.json": EXCEPTION, "exceptions/old.json": EXCEPTION | {"expires": "2020-01-01"}}
    found = make_trial(files, profile="baseline").try_rule("no-host-network")

    assert found.state == "weakened"
    assert found.notes == (
        "exception meter until 2099-12-31 (ops: Measures traffic.)",
        "exception old expired on 2020-01-01",
    )


def test_an_exception_that_waives_every_bad_example_leaves_no_effect(make_trial: MakeTrial) -> None:
    everything = EXCEPTION | {"match": {"properties": {"operation": {"type": "string"}}}}
    found = make_trial({"exceptions/all.json": everything}, profile="baseline").try_rule("no-host-network")

    assert (found.state, found.refused) == ("no effect", 0)
    assert "exception all until 2099-12-31 (ops: Measures traffic.)" in found.notes


def test_an_expired_exception_weakens_nothing(make_trial: MakeTrial) -> None:
    files = {"exceptions/old.json": EXCEPTION | {"expires": "2020-01-01"}}

    assert make_trial(files, profile="baseline").try_rule("no-host-network").state == "enforced"


def test_a_weaker_profile_for_some_weakens_what_it_does_not_enforce(make_trial: MakeTrial) -> None:
    files = {"site.json": {"profiles": [{"users": ["ci"], "groups": ["dev", "qa"], "profile": "baseline"}]}}
    trial = make_trial(files, profile="hardened")

    assert trial.try_rule("no-privileged").state == "enforced"
    assert trial.try_rule("memory-limit").state == "weakened"
    assert trial.try_rule("memory-limit").notes == (
        "profile baseline for users ci; groups dev, qa does not enforce it",
    )


def test_a_rule_that_the_site_replaces_is_tried_with_the_examples_of_the_original(make_trial: MakeTrial) -> None:
    original = json.loads((SCHEMAS / "rules/namespaces/no-host-pid.json").read_text())
    harmless = original | {"properties": {"operation": {"not": {"const": "ImageDelete"}}}}
    trial = make_trial({"rules/namespaces/no-host-pid.json": harmless}, profile="baseline")
    found = trial.try_rule("no-host-pid")

    assert (found.state, found.refused) == ("no effect", 0)
    assert "replaces Portero's rule, and allows 1 of its 1 bad examples" in found.notes[1]


def test_a_replaced_rule_that_still_refuses_them_is_told(make_trial: MakeTrial) -> None:
    original = json.loads((SCHEMAS / "rules/namespaces/no-host-pid.json").read_text())
    found = make_trial({"rules/namespaces/no-host-pid.json": original}, profile="baseline").try_rule("no-host-pid")

    assert found.state == "enforced"
    assert found.notes[0].endswith("no-host-pid.json replaces Portero's rule")


def test_without_lookups_rules_about_what_exists_have_no_effect(make_trial: MakeTrial) -> None:
    trial = make_trial(blind=("existing-container", "non-root-user"), profile="restricted")

    assert trial.try_rule("existing-container").state == "no effect"
    assert "dockerd is not asked what exists (PORTERO_LOOKUPS)" in trial.try_rule("existing-container").notes
    assert trial.try_rule("non-root-user").state == "weakened"
