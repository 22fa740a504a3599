"""What is hardly meant is told: rules that services get around, exceptions that match nothing."""

import json
from dataclasses import replace
from pathlib import PurePath
from typing import Any

import pytest

from portero.decide.policy.rule import Rule
from portero.decide.values.json_fields import JSON
from portero.tools.proof.warnings import Impossible, find_missing_services, list_dead_conditions
from tests.cases import cases
from tests.paths import SCHEMAS

FIND = Impossible(json.loads((SCHEMAS / "request.json").read_text())).find
IMAGE: dict[str, Any] = {"properties": {"facts": {"properties": {"image": {"properties": {"tag": {"const": "1"}}}}}}}
MOUNTS: dict[str, Any] = {"allOf": [{"properties": {"facts": {"properties": {"mounts": {"maxItems": 0}}}}}]}
OF_ALL = ["ContainerCreate", "ServiceCreate", "ServiceUpdate"]


@pytest.fixture
def rule(written: dict[str, Any]) -> Rule:
    return Rule.of(PurePath("site/rules/images/ours.json"), written)


@pytest.mark.parametrize(
    ("operations", "condition", "missing"),
    [
        (["ContainerCreate"], IMAGE, "image of containers, not of services: add ServiceCreate and ServiceUpdate"),
        (["ContainerCreate", "ServiceCreate"], MOUNTS, "mounts of containers, not of services: add ServiceUpdate"),
        (OF_ALL, IMAGE, ""),
        (["*"], IMAGE, ""),
        (["ContainerExec"], IMAGE, ""),
        (["ContainerCreate"], {"properties": {"facts": {"properties": {"privileged": {}}}}}, ""),
        (["ContainerCreate"], {"properties": {"body": {"properties": {"image": {}}}}}, ""),
    ],
    ids=str,
)
def test_a_rule_that_services_get_around_is_told(
    rule: Rule, operations: list[str], condition: dict[str, Any], missing: str
) -> None:
    sentence = missing and f"site/rules/images/ours.json: judges {missing} to operations"

    assert find_missing_services(replace(rule, operations=tuple(operations), schema=condition)) == sentence


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
            ["facts.imge.tag: is in no request that no-privileged denies"],
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


@pytest.mark.parametrize(("match", "sentence"), cases(__file__, "unfulfilled-matches.jsonl"))
def test_a_condition_that_no_request_fulfils_is_told(match: Any, sentence: str | None) -> None:
    assert [*FIND(match)] == ([sentence] if sentence else [])
