"""Every rule about the host: engines decide its states as they say, each keyword is needed, unknown is never fine."""

import json
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from portero import engine
from portero.engine.check import MANY_SCHEMAS, NAMED_SCHEMAS
from portero.policy import site
from portero.policy.dialect import keywords
from portero.policy.host import HostPolicy, load, rule_of
from portero.policy.patch import merged
from portero.policy.place import place
from portero.policy.rule import Rule
from portero.policy.unknown import UNKNOWN, certain, possible

SCHEMAS = Path(__file__).parents[2] / "schemas"
FILES = sorted((SCHEMAS / "host").glob("*/*.json"))
MOST_LINES = 120
ANNOTATIONS = {"$comment", "description"}
# The rows of the guide that ask something of the host.
GUIDE = {"G1", "G2", "G3", "G4", "G5", "G6", "G7", "G8", "G9", "G10", "G12", "G13", "G14", "G20", "G21"}

every_rule = pytest.mark.parametrize("path", FILES, ids=[file.stem for file in FILES])
every_engine = pytest.mark.parametrize("name", engine.NAMES)


def document(name: str) -> Any:
    return json.loads((SCHEMAS / name).read_text())


@cache
def policy(name: str) -> HostPolicy:
    return load([SCHEMAS], engine.named(name))


@cache
def resources() -> dict[str, Any]:
    return {"site": {"$defs": site.definitions(document("site.json"), document("site.schema.json"))}}


def rule(path: Path) -> Rule:
    return rule_of(path, json.loads(path.read_text()))


def states(path: Path) -> Iterator[tuple[str, str, Any]]:
    """Each example: whether it obeys the rule, how it is called, its host document."""
    for kind, examples in (("allows", rule(path).allows), ("denies", rule(path).denies)):
        for example in examples:
            yield kind, example.command, merged(document("base-host.json"), dict(example.changes))


def test_the_built_in_rules_load_without_a_fault() -> None:
    assert set(policy("reference").rules.rules) == {file.stem for file in FILES}


def test_every_row_of_the_guide_about_the_host_has_a_rule() -> None:
    assert set().union(*(rule(path).sources for path in FILES)) >= GUIDE


@every_engine
def test_the_base_host_breaks_no_rule(name: str) -> None:
    base = document("base-host.json")

    assert {id: policy(name).outcome(id, base) for id in policy(name).rules.rules} == dict.fromkeys(
        policy(name).rules.rules
    )


@every_rule
@every_engine
def test_a_state_is_found_or_not_as_the_rule_says_and_at_a_place(path: Path, name: str) -> None:
    for kind, state, host in states(path):
        outcome = policy(name).outcome(path.stem, host)
        assert (state, kind, "allows" if outcome is None else "denies") == (state, kind, kind)
        if outcome is not None:
            status, failures = outcome
            assert (state, status) == (state, "broken")
            assert all(place({"facts": host}, ("facts", *failure)) for failure in failures)


@every_rule
def test_both_engines_fail_at_the_same_places(path: Path) -> None:
    for _, state, host in states(path):
        first, second = (policy(name).outcome(path.stem, host) for name in engine.NAMES)
        assert (state, first) == (state, second)


@every_rule
def test_a_state_is_a_host_document(path: Path) -> None:
    for _, _, host in states(path):
        jsonschema.Draft202012Validator(document("host.json")).validate(host)


@every_rule
@every_engine
def test_a_host_of_which_nothing_is_known_is_never_fine(path: Path, name: str) -> None:
    outcome = policy(name).outcome(path.stem, unknown(document("base-host.json")))

    assert outcome is not None
    assert outcome[0] == "unknown"


@every_rule
def test_one_unknown_fact_is_never_fine_where_its_value_decides(path: Path) -> None:
    """Where some state with another value of the fact is denied, and only the fact differs."""
    base = document("base-host.json")
    for example in rule(path).denies:
        changed = merged(base, dict(example.changes))
        if policy("reference").outcome(path.stem, base) is not None or example.changes == {}:
            continue
        outcome = policy("reference").outcome(path.stem, unknown_where_different(changed, base))
        assert (example.command, outcome is not None and outcome[0]) == (example.command, "unknown")


@every_rule
def test_every_keyword_of_a_rule_decides_a_state(path: Path) -> None:
    verdicts = _verdicts(path, rule(path).schema)

    idle = [where for where, mutant in _mutants(dict(rule(path).schema)) if _verdicts(path, mutant) == verdicts]

    assert idle == [], "no example changes when these are deleted"


@every_rule
def test_a_rule_file_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES


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


def _verdicts(path: Path, schema: Any) -> list[list[bool]]:
    readings = [engine.best().compile(reading(dict(schema)), resources()) for reading in (certain, possible)]  # type: ignore[arg-type]
    return [[not check.failures(host) for check in readings] for _, _, host in states(path)]


def _mutants(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The schema without each keyword in turn, and without each member of those that hold several schemas."""
    for path, keyword, value in keywords(schema):
        if keyword in ANNOTATIONS:
            continue
        yield "/".join(map(str, (*path, keyword))), _without(schema, (*path, keyword))
        if keyword in (*MANY_SCHEMAS, *NAMED_SCHEMAS) and len(value) > 1:  # type: ignore[arg-type]
            members = range(len(value)) if isinstance(value, list) else value
            for member in members:  # type: ignore[union-attr]
                yield "/".join(map(str, (*path, keyword, member))), _without(schema, (*path, keyword, member))


def _without(schema: dict[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
    mutant = deepcopy(schema)
    inside: Any = mutant
    for step in path[:-1]:
        inside = inside[step]
    del inside[path[-1]]
    return mutant
