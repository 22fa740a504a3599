"""The only place where a schema can fail is known without asking an engine, or said not to be known."""

import json
from typing import Any

import pytest

from portero import engine
from portero.engine.onlyplace import only_place
from portero.policy.loader import load
from portero.service.loading import api
from tests.paths import SCHEMAS

RESOURCES: dict[str, Any] = {
    "site": {
        "$defs": {
            "figure": {"maximum": 3},
            "either": {"anyOf": [{"items": {"const": 1}}, False]},
            "list": {"items": {"const": 1}},
            "circle": {"$ref": "site#/$defs/circle"},
        }
    }
}


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"properties": {"facts": {"properties": {"privileged": {"const": False}}}}}, ("facts", "privileged")),
        ({"properties": {"a": {"type": "integer", "minimum": 0}}}, ("a",)),
        ({"properties": {"a": {"$ref": "site#/$defs/figure"}}}, ("a",)),
        ({"properties": {"a": {"$ref": "site#/$defs/either", "not": {"const": 0}}}}, ("a",)),
        ({"required": ["a"], "anyOf": [{"items": False}]}, ()),
        ({"if": {"items": False}, "then": {"properties": {"a": {"const": 1}}}}, ("a",)),
        ({"allOf": [{"properties": {"a": {"const": 1}}}, {"properties": {"a": {"type": "string"}}}]}, ("a",)),
        ({"properties": {"a": {"const": 1}, "b": True}}, ("a",)),
    ],
)
def test_a_schema_that_asks_one_thing_of_one_value_fails_there(schema: Any, place: tuple[str, ...]) -> None:
    assert only_place(schema, RESOURCES) == place


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"const": 1}, "b": {"const": 1}}},
        {"required": ["a"], "properties": {"a": {"const": 1}}},
        {"items": {"const": 1}},
        {"properties": {"a": {"items": {"const": 1}}}},
        {"properties": {"a": {"additionalProperties": False}}},
        {"properties": {"a": {"propertyNames": {"pattern": "^a$"}}}},
        {"properties": {"a": False}},
        {"properties": {"a": {"$ref": "site#/$defs/list"}}},
        {"$ref": "site#/$defs/circle"},
        {"$ref": "site#/$defs/missing"},
        {"$ref": "elsewhere#/$defs/figure"},
        {"dependentRequired": {"a": ["b"]}},
        {},
    ],
    ids=json.dumps,
)
def test_of_any_other_schema_it_is_not_known(schema: Any) -> None:
    assert only_place(schema, RESOURCES) is None


def test_it_is_known_for_many_of_the_rules() -> None:
    policy = load([SCHEMAS], engine.named("reference"), api()[0].operations)
    site: dict[str, Any] = {"site": {"$defs": {key: {"enum": ["a"]} for key in policy.site}}}
    known = [rule.id for rule in policy.rules.values() if only_place(rule.schema, site) is not None]

    assert {"no-privileged", "memory-limit", "image-digest"} <= {*known}
