"""Places: the same paths as the oracle finds, and no copy of what fails."""

from typing import Any

import pytest

from portero.decide.engine.places import find_places
from portero.decide.engine.reference import REFERENCE
from portero.decide.engine.rust import RUST

SCHEMAS: list[dict[str, Any]] = [
    {"properties": {"a": {"required": ["b"], "properties": {"b": {"const": True}}}}},
    {"properties": {"a": {"items": {"properties": {"b": {"not": {"const": 1}}}}}}},
    {"allOf": [{"required": ["a"]}, {"properties": {"a": {"contains": {"const": 1}}}}], "properties": {"c": False}},
    {"properties": {"a": {"not": {"propertyNames": {"not": {"$ref": "site#/$defs/b"}}}}}},
    {"properties": {"a": {"anyOf": [{"type": "array"}, {"properties": {"b": {"enum": [1, 2]}}}], "maxItems": 1}}},
    {"properties": {"a": {"items": {"items": {"type": "string", "pattern": "^b$"}}}}, "not": {"required": ["c"]}},
]
DOCUMENTS: list[Any] = [
    *({}, {"a": None}, {"a": {}}, {"a": {"b": True}}, {"a": {"b": 1, "c": 2}}, {"a": [], "c": 1}, {"a": "b"}),
    *({"a": [1, {"b": 1}, {"b": 2}]}, {"a": [["b", "c"], [1], "b", []]}, {"a": {"0": 1}}, {"c": None}, []),
]


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("document", DOCUMENTS)
def test_places_fail_where_the_oracle_does(schema: dict[str, Any], document: Any) -> None:
    site = {"site": {"$defs": {"b": {"const": "b"}}}}
    check = RUST.compile(schema, site)

    assert check.failures.args[1] is not None  # type: ignore[attr-defined]
    assert check.failures(document) == REFERENCE.compile(schema, site).failures(document)


@pytest.mark.parametrize("keyword", ["additionalProperties", "propertyNames", "$ref", "if", "dependentRequired"])
def test_a_schema_that_can_fail_elsewhere_has_no_places(keyword: str) -> None:
    with pytest.raises(LookupError):
        list(find_places({"properties": {"a": {"items": {keyword: {}}}}}))
