"""Captured traffic and the guide's own examples under each profile: refused by these rules, and for these reasons."""

import json
from functools import cache
from typing import Any

import pytest

from portero.decide.judging.enforcement import Enforcement
from portero.decide.judging.judge import Judge
from portero.observe.host.fixed_host import FixedHost
from portero.observe.process import package_files
from portero.observe.stores.api_tables import load_api
from portero.observe.stores.policy_loader import load_policy
from tests import captured
from tests.paths import TESTS

ENVELOPES = captured.envelopes()
BASELINE = captured.table(captured.CAPTURES / "expected-baseline.tsv")
HARDENED = captured.table(captured.CAPTURES / "expected-hardened.tsv")
SEEDS = captured.table(TESTS / "guide" / "seed-examples.tsv")
PROFILES = ("baseline", "hardened", "restricted")
NOON = 1_800_000_000.0


@cache
def judge(profile: str, devices: str = "unknown") -> Judge:
    routes, shapes = load_api()
    policy, host = (
        load_policy([package_files.schemas()], routes.operations),
        FixedHost({**captured.HOST, "devices": devices}),
    )
    return Judge(policy, routes, shapes, host, Enforcement(profile, "enforce"))


def refused_by(profile: str, requests: list[dict[str, Any]], devices: str = "unknown") -> set[str]:
    decisions = [judge(profile, devices).decide(json.dumps(request).encode(), "d-0", NOON) for request in requests]
    return {v.rule for decision in decisions for v in decision.denials}


def list_others(profile: str, rows: list[dict[str, str]], column: str) -> list[tuple[str, set[str]]]:
    """The cases that are refused by other rules than a column of their rows has, with these rules."""
    refused = [(row, refused_by(profile, ENVELOPES[row["case"]])) for row in rows]
    return [(row["case"], rules) for row, rules in refused if rules != captured.rules_of(row[column])]


@pytest.mark.parametrize(("profile", "rows"), [("baseline", BASELINE), ("hardened", HARDENED)], ids=PROFILES[:2])
def test_captured_traffic_is_refused_by_these_rules_only(profile: str, rows: list[dict[str, str]]) -> None:
    assert list_others(profile, rows, "rules") == []


@pytest.mark.parametrize("profile", PROFILES)
def test_the_guide_s_own_examples_are_refused_by_these_rules_only(profile: str) -> None:
    assert list_others(profile, SEEDS, profile) == []


@pytest.mark.parametrize("rows", [BASELINE, HARDENED], ids=["baseline", "hardened"])
def test_every_captured_case_has_a_row_with_its_reason(rows: list[dict[str, str]]) -> None:
    assert {row["case"] for row in rows} == set(ENVELOPES)
    assert [row["case"] for row in rows if not row["why"]] == []
    assert [row["case"] for row in rows if (row["decision"] == "allow") != (row["rules"] == "-")] == []


def test_every_example_of_the_guide_has_a_row() -> None:
    assert {row["case"] for row in SEEDS} == {case for case in ENVELOPES if case.startswith("cli/seed-")}
