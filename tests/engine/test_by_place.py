"""A schema that is taken apart by place fails exactly where the engines say that it does."""

from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portero import engine
from portero.engine.by_place import CheckByPlace, split_by_place
from portero.engine.portable_schema import to_portable
from portero.engine.rust import Rust
from tests.engine.test_engines_agree import examples, policy

SITE: dict[str, Any] = {"site": {"$defs": {"names": {"enum": ["a", "b"]}}}}
NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.recursive(
    st.sampled_from([None, True, False, 0, 1, 1.0, "", "a", "b"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
WITHIN = st.sampled_from(
    [
        *({}, {"not": {}}, {"items": {"const": 1}}, {"required": ["a"]}, {"properties": {"a": {"const": 1}}}),
        {"propertyNames": {"not": {"$ref": "site#/$defs/names"}}},
        {"anyOf": [{"type": "string"}, {"properties": {"b": {"$ref": "site#/$defs/names"}}}]},
    ]
)
ABOUT_ITSELF = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["object", "array", "string", "integer", ["null", "boolean"]]),
        "required": st.lists(NAMES, unique=True, max_size=2),
        "const": VALUES,
        "enum": st.lists(VALUES, min_size=1, max_size=2),
        "not": WITHIN,
    },
)
SPLIT = st.recursive(
    ABOUT_ITSELF | st.booleans(),
    lambda inner: st.builds(
        lambda own, properties: {**own, "properties": properties},
        ABOUT_ITSELF,
        st.dictionaries(NAMES, inner, max_size=3),
    ),
    max_leaves=6,
)


@settings(max_examples=400, deadline=None)
@given(SPLIT.filter(lambda schema: isinstance(schema, dict)), VALUES)
def test_it_fails_where_both_engines_say(schema: dict[str, Any], request: Any) -> None:
    places = split_by_place(to_portable(schema))
    assert places is not None
    taken_apart = CheckByPlace(places, Rust().prepare(SITE))

    for name in engine.NAMES:
        assert taken_apart.failures(request) == engine.named(name).compile(schema, SITE).failures(request)
    assert taken_apart.is_satisfied(request) is (taken_apart.failures(request) == ())


def test_every_rule_that_can_be_taken_apart_fails_where_it_did() -> None:
    rules = policy("rust").rules.values()
    own = {rule.id: to_portable(rule.schema) for rule in rules if "$ref" not in str(rule.schema)}
    apart = {id: places for id, schema in own.items() if (places := split_by_place(schema)) is not None}
    checks = {id: CheckByPlace(places, Rust().prepare({})) for id, places in apart.items()}
    checks["owner-label"] = cast(Any, policy("rust").checks)._alone["owner-label"]
    assert len(checks) > 20

    for said, document in examples().items():
        whole = {id: policy("rust").checks[id].failures(document) for id in checks}
        assert {id: check.failures(document) for id, check in checks.items()} == whole, said


@pytest.mark.parametrize(
    "schema",
    [
        {"items": {"const": 1}},
        {"anyOf": [{"properties": {"a": {"const": 1}}}]},
        {"properties": {"a": {"additionalProperties": {"const": 1}}}},
        {"if": {"required": ["a"]}, "then": {"properties": {"b": {"const": 1}}}},
        {"$ref": "site#/$defs/names"},
        {"properties": {"a": {"later-keyword": 1}}},
        {"properties": [1]},
        {"properties": {"a": 1}},
        False,
    ],
)
def test_a_schema_that_asks_in_another_way_is_not_taken_apart(schema: Any) -> None:
    assert split_by_place(schema) is None


def test_a_large_object_that_fails_is_not_copied() -> None:
    names: dict[str, Any] = {"properties": {"a": {"not": {"propertyNames": {"not": {"$ref": "site#/$defs/names"}}}}}}
    checks = Rust().gather({"names": names}, SITE)

    assert isinstance(checks._alone["names"], CheckByPlace)
    assert checks.failures(("names",), {"a": {"c": 1}}) == {"names": (("a",),)}
    assert checks.failures(("names",), {"a": {"c": 1, "b": 1}}) == {}
