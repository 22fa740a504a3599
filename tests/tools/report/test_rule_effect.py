"""What a rule does is found out by trying it: profile, mode, site values, exceptions and replaced rules count."""

import json
from typing import Any

import pytest

from tests.paths import SCHEMAS

from .conftest import MakeTrial

EXCEPTION: dict[str, Any] = {
    **{"$schema": "../exception.json", "dialect": 2, "rules": ["no-host-network"]},
    "match": {"properties": {"identity": {"properties": {"user": {"const": "alice"}}}}},
    **{"reason": "Meters.", "owner": "ops", "expires": "2099-12-31"},
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
        ("block-io-rates", "no effect", "denies none of its 4 bad examples: it depends on block-devices in site.json"),
        ("own-objects-only", "no effect", "ownership in site.json names no label"),
        # A bound that no example exceeds is told, and still enforced.
        ("published-ports-limited", "enforced", "none of its 4 bad examples goes beyond ports-max (256) in site.json"),
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


def test_mode_audit_only_reports_but_for_what_would_turn_portero_off(make_trial: MakeTrial) -> None:
    trial = make_trial(profile="baseline", mode="audit")

    found = trial.try_rule("no-privileged")
    assert (found.state, found.notes) == ("reported", ("mode audit denies nothing",))
    assert trial.try_rule("no-plugin-changes").state == "enforced"


@pytest.mark.parametrize(("action", "state"), [("audit", "reported"), ("off", "not enforced")])
def test_actions_of_the_site_count(make_trial: MakeTrial, action: str, state: str) -> None:
    trial = make_trial({"site.json": {"actions": {"no-privileged": action}}}, profile="baseline")

    found = trial.try_rule("no-privileged")
    assert (found.state, found.notes) == (state, (f"actions in site.json: {action}",))


OLD = EXCEPTION | {"expires": "2020-01-01"}


@pytest.mark.parametrize("lasts", [True, False], ids=["one lasts", "all have expired"])
def test_an_exception_weakens_a_rule_until_it_expires(make_trial: MakeTrial, lasts: bool) -> None:
    files = {"exceptions/meter.json": EXCEPTION} if lasts else {}
    found = make_trial({"exceptions/old.json": OLD, **files}, profile="baseline").try_rule("no-host-network")

    assert found.state == ("weakened" if lasts else "enforced")
    notes = ("exception meter until 2099-12-31 (ops: Meters.)", "exception old expired on 2020-01-01")
    assert found.notes == notes[not lasts :]


def test_an_exception_that_waives_every_bad_example_leaves_no_effect(make_trial: MakeTrial) -> None:
    everything = EXCEPTION | {"match": {"properties": {"operation": {"type": "string"}}}}
    found = make_trial({"exceptions/all.json": everything}, profile="baseline").try_rule("no-host-network")

    assert (found.state, found.refused) == ("no effect", 0)
    assert "exception all until 2099-12-31 (ops: Meters.)" in found.notes


def test_a_weaker_profile_for_some_weakens_what_it_does_not_enforce(make_trial: MakeTrial) -> None:
    files = {"site.json": {"profiles": [{"users": ["ci"], "groups": ["dev", "qa"], "profile": "baseline"}]}}
    trial = make_trial(files, profile="hardened")

    assert trial.try_rule("no-privileged").state == "enforced"
    found = trial.try_rule("memory-limit")
    assert (found.state, *found.notes) == (
        "weakened",
        "profile baseline for users ci; groups dev, qa does not enforce it",
    )


@pytest.mark.parametrize(
    ("change", "effect", "note"),
    [
        ({"operation": {"not": {"const": "ImageDelete"}}}, ("no effect", 0), ", and allows 1 of its 1 bad examples"),
        ({}, ("enforced", 1), ""),
    ],
    ids=["harmless", "as it was"],
)
def test_a_rule_that_the_site_replaces_is_tried_with_the_examples_of_the_original(
    make_trial: MakeTrial, change: dict[str, Any], effect: tuple[str, int], note: str
) -> None:
    original = json.loads((SCHEMAS / "rules/namespaces/no-host-pid.json").read_text())
    replaced = original | ({"properties": change} if change else {})
    found = make_trial({"rules/namespaces/no-host-pid.json": replaced}, profile="baseline").try_rule("no-host-pid")

    assert (found.state, found.refused) == effect
    assert any(told.endswith(f"replaces Portero's rule{note}") for told in found.notes)


def test_without_lookups_rules_about_what_exists_have_no_effect(make_trial: MakeTrial) -> None:
    trial = make_trial(blind=("existing-container", "non-root-user"), profile="restricted")

    assert trial.try_rule("existing-container").state == "no effect"
    assert "dockerd is not asked what exists (PORTERO_LOOKUPS)" in trial.try_rule("existing-container").notes
    assert trial.try_rule("non-root-user").state == "weakened"
