"""Every rule about the host: unknown is never fine. That its examples prove it is tests/tools/proof."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from portero.decide.policy.rule import Rule
from portero.decide.values.json_objects import apply_patch
from portero.tools.hostcheck.fact import UNKNOWN
from portero.tools.hostcheck.host_rules import HostPolicy, load_rules, make_rule
from portero.tools.proof.rule_examples import ENGINES
from tests.paths import SCHEMAS

FILES = sorted((SCHEMAS / "host").glob("*/*.json"))

every_engine = pytest.mark.parametrize("name", [engine.name for engine in ENGINES])


def document(name: str) -> Any:
    return json.loads((SCHEMAS / name).read_text())


@cache
def policy(name: str) -> HostPolicy:
    return load_rules([SCHEMAS], next(engine for engine in ENGINES if engine.name == name))


def rule(path: Path) -> Rule:
    return make_rule(path, json.loads(path.read_text()))


def test_the_built_in_rules_load_without_a_fault() -> None:
    assert set(policy("reference").rules.rules) == {file.stem for file in FILES}


@every_engine
def test_the_base_host_breaks_no_rule(name: str) -> None:
    base = document("base-host.json")

    rules = policy(name).rules.rules
    assert {id: policy(name).check_rule(id, base) for id in rules} == dict.fromkeys(rules)


@every_engine
def test_a_host_of_which_nothing_is_known_is_never_fine(name: str) -> None:
    host = unknown(document("base-host.json"))
    outcomes = {path.stem: policy(name).check_rule(path.stem, host) for path in FILES}

    assert [id for id, outcome in outcomes.items() if outcome is None or outcome[0] != "unknown"] == []


def test_one_unknown_fact_is_never_fine_where_its_value_decides() -> None:
    """Where some state with another value of the fact is denied, and only the fact differs."""
    base = document("base-host.json")
    for path, example in [(file, example) for file in FILES for example in rule(file).denies]:
        changed = apply_patch(base, dict(example.changes))
        if policy("reference").check_rule(path.stem, base) is not None or example.changes == {}:
            continue
        outcome = policy("reference").check_rule(path.stem, unknown_where_different(changed, base))
        assert (example.command, outcome is not None and outcome[0]) == (example.command, "unknown")


def unknown(host: Any) -> Any:
    """The host with every fact unknown."""
    if isinstance(host, dict):
        return {name: UNKNOWN if name == "value" else unknown(inner) for name, inner in host.items()}
    return host


def unknown_where_different(host: Any, base: Any) -> Any:
    if not isinstance(host, dict):
        return host
    return {
        name: UNKNOWN
        if name == "value" and _is_leaf(inner) and inner != base[name]
        else (unknown_where_different(inner, base.get(name, {})))
        for name, inner in host.items()
    }


def _is_leaf(value: Any) -> bool:
    return not isinstance(value, dict)
