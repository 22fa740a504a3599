"""The engine that decides: failures never show values, nothing is fetched, and what fails is never satisfied."""

from typing import Any

import jsonschema_rs
import pytest

from portero.decide.engine import rust
from portero.decide.engine.reference import REFERENCE
from portero.decide.engine.rust import RUST, PlaceCheck, find_places
from portero.decide.values.json_fields import JSON

SCHEMAS: list[dict[str, Any]] = [
    {"properties": {"a": {"required": ["b"], "properties": {"b": {"const": True}}}}},
    {"properties": {"a": {"items": {"properties": {"b": {"not": {"const": 1}}}}}}},
    {"allOf": [{"required": ["a"]}, {"properties": {"a": {"contains": {"const": 1}}}}], "properties": {"c": False}},
    {"properties": {"a": {"not": {"propertyNames": {"not": {"$ref": "site#/$defs/b"}}}}}},
    {"properties": {"a": {"anyOf": [{"type": "array"}, {"properties": {"b": {"enum": [1, 2]}}}], "maxItems": 1}}},
    {"properties": {"a": {"items": {"items": {"type": "string", "pattern": "^b$"}}}}, "not": {"required": ["c"]}},
    {"if": {"required": ["c"]}, "then": {"properties": {"c": {"const": 2}}}, "else": {"required": ["a"]}},
    {"properties": {"a": {"items": {"if": {"properties": {"b": {"const": 1}}}, "then": False, "else": True}}}},
    {
        "if": True,
        "else": False,
        "then": {"if": {"required": ["a"]}, "else": {"if": False, "else": {"required": ["b"]}}},
    },
    {"properties": {"a": {"$ref": "site#/$defs/b"}, "c": {"exclusiveMinimum": 1, "$ref": "site#/$defs/two"}}},
    {"properties": {"a": {"items": {"allOf": [{"$ref": "site#/$defs/two"}, {"if": {"$ref": "site#/$defs/two"}}]}}}},
]
DOCUMENTS: list[Any] = [
    *({}, {"a": None}, {"a": {}}, {"a": {"b": True}}, {"a": {"b": 1, "c": 2}}, {"a": [], "c": 1}, {"a": "b"}),
    *({"a": [1, {"b": 1}, {"b": 2}]}, {"a": [["b", "c"], [1], "b", []]}, {"a": {"0": 1}}, {"c": None}, []),
]


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("document", DOCUMENTS)
def test_places_fail_where_the_oracle_does(schema: dict[str, Any], document: Any) -> None:
    site = {"site": {"$defs": {"b": {"const": "b"}, "two": {"enum": [2], "type": "integer"}}}}
    check = RUST.compile(schema, site)

    assert check.failures.args[1] is not None  # type: ignore[attr-defined]
    assert check.failures(document) == REFERENCE.compile(schema, site).failures(document)


@pytest.mark.parametrize(
    "schema",
    [
        *({"additionalProperties": {}}, {"propertyNames": {}}, {"dependentRequired": {}}),
        *({"if": {}, "then": {"propertyNames": {}}}, {"if": {}, "else": {"additionalProperties": {}}}),
        *({"$ref": f"site#/$defs/{name}"} for name in ("leads-on", "refers", "unknown")),
    ],
)
def test_a_schema_that_can_fail_elsewhere_has_no_places(schema: dict[str, Any]) -> None:
    definitions: Any = {"leads-on": {"properties": {}}, "refers": {"$ref": "site#/$defs/leads-on"}}
    by_reference = {f"site#/$defs/{name}": one for name, one in definitions.items()}
    with pytest.raises(LookupError):
        list(find_places({"properties": {"a": {"items": schema}}}, by_reference, lambda _: lambda _: True))


@pytest.mark.parametrize("referred", ["one", "both"])
def test_a_schema_that_refers_to_what_names_may_be_fails_at_their_object(referred: str) -> None:
    named: dict[str, JSON] = {"propertyNames": {"not": {"not": {"$ref": f"site#/$defs/{referred}"}}}}
    plain: dict[str, JSON] = {"propertyNames": {"$ref": f"site#/$defs/{referred}"}}
    site: dict[str, JSON] = {"one": {"const": "y"}, "both": {"allOf": [{"const": "y"}, {"maxLength": 0}]}}

    for schema in (named, plain):
        check = RUST.compile({"properties": {"n": schema}}, {"site": {"$defs": site}})
        assert check.failures({"n": {"x": 1}}) == (("n",),)
        assert check.failures({"n": {}}) == ()


@pytest.mark.parametrize("places", [None, []])
def test_what_is_refused_without_a_path_fails_as_a_whole(places: list[PlaceCheck] | None) -> None:
    assert rust._list_failures(_Silent(), places, {"a": 2}) == ((),)  # type: ignore[arg-type]


class _Silent:
    """A validator that refuses and does not say where."""

    def is_valid(self, request: object) -> bool:
        return False

    def iter_errors(self, request: object) -> tuple[()]:
        return ()


def test_a_reference_elsewhere_is_not_fetched_and_never_compiles() -> None:
    with pytest.raises(jsonschema_rs.ValidationError, match="references are not fetched"):
        RUST.compile({"$ref": "https://example.com/x.json"}, {})


def test_an_engine_message_does_not_show_a_value() -> None:
    validator: Any = RUST.compile({"const": 1}, {}).is_satisfied.__self__  # type: ignore[attr-defined]
    (error,) = validator.iter_errors("hunter2")

    assert "hunter2" not in str(error)
