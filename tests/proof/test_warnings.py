"""What is hardly meant is told: rules that services get around, exceptions that match nothing."""

import json
from dataclasses import replace
from pathlib import PurePath
from typing import Any

import pytest

from portero.policy.rule import Rule
from portero.proof.warnings import Impossible, find_missing_services, list_dead_conditions
from portero.values.json_types import JSON
from tests.paths import SCHEMAS

FIND = Impossible(json.loads((SCHEMAS / "request.json").read_text())).find
IMAGE: dict[str, Any] = {"properties": {"facts": {"properties": {"image": {"properties": {"tag": {"const": "1"}}}}}}}
MOUNTS: dict[str, Any] = {"allOf": [{"properties": {"facts": {"properties": {"mounts": {"maxItems": 0}}}}}]}
OF_ALL = ["ContainerCreate", "ServiceCreate", "ServiceUpdate"]


@pytest.fixture
def rule(written: dict[str, Any]) -> Rule:
    return Rule.of(PurePath("site/rules/images/ours.json"), written)


@pytest.mark.parametrize(
    ("operations", "condition", "sentence"),
    [
        (["ContainerCreate"], IMAGE, "image of containers, not of services: add ServiceCreate and ServiceUpdate"),
        (["ContainerCreate", "ServiceCreate"], MOUNTS, "mounts of containers, not of services: add ServiceUpdate"),
    ],
)
def test_a_rule_that_services_get_around_is_told(
    rule: Rule, operations: list[str], condition: dict[str, Any], sentence: str
) -> None:
    found = find_missing_services(replace(rule, operations=tuple(operations), schema=condition))

    assert found == f"site/rules/images/ours.json: judges {sentence} to operations"


@pytest.mark.parametrize(
    ("operations", "condition"),
    [
        (OF_ALL, IMAGE),
        (["*"], IMAGE),
        (["ContainerExec"], IMAGE),
        (["ContainerCreate"], {"properties": {"facts": {"properties": {"privileged": {}}}}}),
        (["ContainerCreate"], {"properties": {"body": {"properties": {"image": {}}}}}),
    ],
    ids=str,
)
def test_any_other_rule_is_not(rule: Rule, operations: list[str], condition: dict[str, Any]) -> None:
    assert find_missing_services(replace(rule, operations=tuple(operations), schema=condition)) == ""


REFUSED: list[JSON] = [{"operation": "ContainerCreate", "identity": {"user": ""}, "facts": {"image": {"tag": "1"}}}]


@pytest.mark.parametrize(
    ("match", "sentences"),
    [
        (
            {"properties": {"operation": {"const": "VolumeCreate"}}},
            ["operation: no-privileged does not judge VolumeCreate"],
        ),
        (
            {"properties": {"facts": {"properties": {"imge": {"properties": {"tag": {"const": "1"}}}}}}},
            ["facts.imge.tag: is in no request that no-privileged refuses"],
        ),
        ({"allOf": [IMAGE, {"properties": {"operation": {"const": "ContainerExec"}}}]}, []),
        ({"properties": {"body": {"properties": {"Labels": {"properties": {"team": {"const": "a"}}}}}}}, []),
    ],
    ids=str,
)
def test_a_condition_that_no_refused_request_can_fulfil_is_told(rule: Rule, match: JSON, sentences: list[str]) -> None:
    privileged = replace(rule, id="no-privileged")

    assert [*list_dead_conditions(match, [(privileged, REFUSED)])] == sentences
    assert [*list_dead_conditions(match, [(replace(privileged, operations=("*",)), [])])] == []


def of_fact(name: str, condition: Any) -> Any:
    return {"properties": {"facts": {"properties": {name: condition}}}}


@pytest.mark.parametrize(
    ("match", "sentence"),
    [
        (
            of_fact("privileged", {"properties": {"value": {"const": "true"}}}),
            "facts.privileged.value: has no such value in any request: see schemas/request.json",
        ),
        (of_fact("privilegd", {}), "facts.privilegd: is in no request: did you mean 'privileged'?"),
        (
            of_fact("mounts", {"contains": {"properties": {"sourc": {"const": "/srv"}}}}),
            "facts.mounts[*].sourc: is in no request: did you mean 'source'?",
        ),
        (
            {"allOf": [of_fact("mounts", {"items": {"allOf": [{"properties": {"type": {"enum": ["bnd", 7]}}}]}})]},
            "facts.mounts[*].type: has no such value in any request: see schemas/request.json",
        ),
        (
            {"properties": {"identity": {"properties": {"users": {"const": "x"}}}}},
            "identity.users: is in no request: did you mean 'user'?",
        ),
    ],
)
def test_a_condition_that_no_request_fulfils_is_told(match: Any, sentence: str) -> None:
    assert [*FIND(match)] == [sentence]


@pytest.mark.parametrize(
    "match",
    [
        of_fact("privileged", {"properties": {"value": {"const": True}}}),
        of_fact("mounts", {"contains": {"properties": {"type": {"enum": ["bind", "other-still"]}}}}),
        of_fact("image", {"properties": {"digest": {"const": None}}}),
        {"properties": {"body": {"properties": {"HostConfg": {"const": 7}}}}},
        {"properties": {"facts": {"not": {"properties": {"privilegd": {}}}}}},
    ],
)
def test_any_other_condition_is_not(match: Any) -> None:
    assert [*FIND(match)] == []
