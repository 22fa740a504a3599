"""What a rule does under each profile, by its level and by the level from which it is reported."""

from dataclasses import replace
from pathlib import PurePath
from typing import Any

import pytest

from portero.policy.action import action_of
from portero.policy.rule import Level, Rule

ACTIONS = [
    ("baseline", None, ("deny", "deny", "deny")),
    ("hardened", None, ("off", "deny", "deny")),
    ("hardened", "baseline", ("audit", "deny", "deny")),
    ("restricted", None, ("off", "off", "deny")),
    ("restricted", "hardened", ("off", "audit", "deny")),
    ("advisory", None, ("audit", "audit", "audit")),
]


@pytest.mark.parametrize(("level", "reports", "actions"), ACTIONS)
def test_a_rule_is_enforced_from_its_level_on_and_reported_from_another(
    written: dict[str, Any], level: Level, reports: Level | None, actions: tuple[str, ...]
) -> None:
    rule = replace(Rule.of(PurePath("schemas/rules/x/y.json"), written), level=level, reports=reports)

    assert tuple(action_of(rule, profile) for profile in ("baseline", "hardened", "restricted")) == actions
