"""What proving a rule finds, check by check; the built-in rules are proved in tests/decide/policy."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from portero.decide.engine import Engine
from portero.decide.engine.rust import RUST
from portero.decide.policy.pattern import refuse_unsafe
from portero.decide.policy.rule import Rule
from portero.decide.values.json_fields import JSON
from portero.observe.stores.api_tables import load_api
from portero.tools.proof import prove
from portero.tools.proof.prove import CHECKS, RuleProof, list_mutants
from portero.tools.proof.rule_examples import ENGINES, Examples, RequestRules
from tests.paths import SCHEMAS


def document(name: str) -> Any:
    return json.loads((SCHEMAS / name).read_text())


def found(rule: Mapping[str, Any], check: str, *engines: Engine) -> list[str]:
    """The faults of a rule as one check finds them."""
    routes, shapes = load_api()
    operations = {operation.id: operation for operation in routes.operations}
    examples = Examples(document("base-requests.json"), operations, shapes)
    rule_kind = RequestRules(examples, {"request": document("request.json")}, engines or ENGINES)
    file = SCHEMAS / "rules" / "mine" / "mine.json"
    return list(CHECKS[check](RuleProof.of(rule_kind, Rule.of(file, rule))))


@pytest.mark.parametrize("check", CHECKS)
def test_a_good_rule_has_no_fault(written: dict[str, Any], check: str) -> None:
    assert found(written, check) == []


@pytest.mark.parametrize(
    ("list_name", "privileged", "decided"), [("allows", True, "denied"), ("denies", False, "allowed")]
)
def test_an_example_in_the_wrong_list_is_found_by_both_engines(
    written: dict[str, Any], list_name: str, privileged: bool, decided: str
) -> None:
    written[list_name]["docker run mine"] = {"body": {"HostConfig": {"Privileged": privileged}}}

    assert found(written, "examples") == [
        f"{list_name}: 'docker run mine' is {decided} by the engine {name}: fix the rule or the example"
        for name in ("rust", "reference")
    ]


def test_an_example_that_the_rule_does_not_judge_is_allowed(written: dict[str, Any]) -> None:
    written["operations"] = ["ContainerCreate"]

    assert [fault.partition(" by ")[0] for fault in found(written, "examples")] == [
        "denies: 'docker exec --privileged web id' is allowed"
    ] * 2


@pytest.mark.parametrize(
    ("example", "why"),
    [
        ({"body": {"HostConfig": {"Memory": "much"}}}, "body-wrong-type at HostConfig.Memory"),
        ({"host": {"link": {}}}, "host: link is none of"),
    ],
)
def test_an_example_that_can_be_no_request_is_found(written: dict[str, Any], example: Any, why: str) -> None:
    written["denies"]["docker run mine"] = example

    (fault,) = found(written, "examples")

    assert fault.startswith("'docker run mine': not a valid request (")
    assert why in fault


def test_a_rule_that_fails_at_no_place_is_found(written: dict[str, Any]) -> None:
    written["not"] = {"properties": {"operation": {"const": "ContainerCreate"}}}
    written["allows"] = {"docker exec web id": {"operation": "ContainerExec"}}

    assert "'docker run --privileged busybox' is denied without `at` by the engine rust: put the condition deeper" in (
        found(written, "examples")
    )


def test_engines_that_disagree_are_found(written: dict[str, Any]) -> None:
    faults = found(written, "engines", RUST, _LENIENT)

    assert [fault.partition(": use ")[0] for fault in faults] == [
        "'docker run --privileged busybox': the engines rust and lenient disagree",
        "'docker exec --privileged web id': the engines rust and lenient disagree",
    ]


def test_a_pattern_that_runs_away_is_found_in_time(written: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prove, "MAX_SECONDS", 0.2)
    taken = "^(" + "(a|aa)?" * 60 + ")$"
    refuse_unsafe(taken)
    written["properties"]["body"] = {"properties": {"Image": {"not": {"pattern": taken}}}}
    for command in ("docker run a", "docker run a again"):  # of any number the first is enough
        written["allows"][command] = {"body": {"Image": "a" * 60 + "b"}}

    assert found(written, "examples") == [
        "'docker run a': the engine reference takes more than 0.2 seconds: write patterns with fewer choices"
    ]
    assert found(written, "engines") == []


def test_a_name_that_docker_does_not_know_is_found(written: dict[str, Any]) -> None:
    written["allows"]["docker run mine"] = {"body": {"HostConfig": {"Privilegd": True}}}

    assert found(written, "names") == [
        "'docker run mine': Docker does not know HostConfig.Privilegd: spell it as schemas/api does"
    ]


def test_an_operation_without_a_denied_example_is_found(written: dict[str, Any]) -> None:
    written["operations"].append("ServiceCreate")

    assert found(written, "operations") == [
        "operations: no example under denies is of ServiceCreate: add one, or remove the operation"
    ]


def test_a_keyword_that_no_example_needs_is_found_at_every_depth(written: dict[str, Any]) -> None:
    value = written["properties"]["facts"]["properties"]["privileged"]["properties"]["value"]
    value["type"] = "boolean"

    assert found(written, "keywords") == [
        "properties.facts.properties.privileged.properties.value.type: "
        "deleting it changes no example: add one that needs it, or delete it"
    ]


def test_a_branch_that_no_example_needs_is_found() -> None:
    schema: dict[str, JSON] = {"anyOf": [{"const": 1}, {"const": 2}], "description": "words"}

    assert dict(list_mutants(schema)) == {
        "anyOf": {"description": "words"},
        "anyOf[0]": {"anyOf": [{"const": 2}], "description": "words"},
        "anyOf[1]": {"anyOf": [{"const": 1}], "description": "words"},
        "anyOf[0].const": {"anyOf": [{}, {"const": 2}], "description": "words"},
        "anyOf[1].const": {"anyOf": [{"const": 1}, {}], "description": "words"},
    }


# An engine that finds nothing.
_LENIENT = Engine("lenient", lambda resources: lambda schema: RUST.compile({"type": "object"}, {}))
