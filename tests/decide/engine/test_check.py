"""The engines agree: on which requests satisfy a schema, and on the places where others fail."""

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from referencing.exceptions import Unresolvable

from portero.decide.engine import Engine, InstancePath
from portero.tools.proof.rule_examples import ENGINES
from tests.cases import cases

SITE = {
    "site": {"$defs": {"names": {"enum": ["a"]}, "nothing": {"not": {}}, "both": {"allOf": [{}, {"pattern": "^a"}]}}}
}

each_engine = pytest.mark.parametrize("each", ENGINES, ids=lambda each: each.name)


def failures(each: Engine, schema: dict[str, Any], request: Any) -> tuple[InstancePath, ...]:
    check = each.compile(schema, SITE)
    found = check.failures(request)
    assert check.is_satisfied(request) is (found == ())
    assert each.prepare(SITE)(schema).failures(request) == found
    return found


@each_engine
@pytest.mark.parametrize(("schema", "request_", "expected"), cases(__file__, "places-of-failures.jsonl"))
def test_a_failure_is_placed_at_the_culprit(
    each: Engine, schema: dict[str, Any], request_: Any, expected: list[list[str | int]]
) -> None:
    assert failures(each, schema, request_) == tuple(map(tuple, expected))


@each_engine
def test_entries_are_sorted_as_numbers(each: Engine) -> None:
    assert failures(each, {"items": False}, [0] * 11) == tuple((index,) for index in range(11))


@each_engine
def test_two_failures_are_in_the_order_of_their_names(each: Engine) -> None:
    for name in ("b", "c", "d", "e"):
        assert failures(each, {"properties": {"a": False, name: False}}, {name: 0, "a": 0}) == (("a",), (name,))


@each_engine
@pytest.mark.parametrize("reference", ["elsewhere#/$defs/x", "https://example.com/x.json", "site#/$defs/none"])
def test_a_reference_to_what_is_not_in_memory_never_allows(each: Engine, reference: str) -> None:
    # The reference engine looks references up when it meets them, the other one when it compiles.
    with pytest.raises((jsonschema_rs.ValidationError, Unresolvable)):
        failures(each, {"$ref": reference}, {})


_NAMES = st.sampled_from(["a", "b", "at"])
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.0, 1.0, 1.5, 2**53, 2**64 - 1]),
    st.text("ab/\n", max_size=3),
)
_REQUESTS = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3), max_leaves=8
)
_TYPES = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])
_PATTERNS = st.sampled_from(["^a$", "^(a|/.*)$", "^[^/]+$", "^a{1,2}b?$", "^.$"])
_LEAVES = st.one_of(
    st.booleans(),
    st.fixed_dictionaries({"const": _SCALARS}),
    st.fixed_dictionaries({"enum": st.lists(_SCALARS, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"type": _TYPES | st.lists(_TYPES, min_size=1, max_size=2, unique=True)}),
    st.fixed_dictionaries({"pattern": _PATTERNS}),
    st.fixed_dictionaries({"required": st.lists(_NAMES, min_size=1, unique=True)}),
    st.fixed_dictionaries(
        {st_name: st.integers(0, 2) for st_name in ("minItems", "maxItems", "minLength", "maxLength")}
    ),
    st.fixed_dictionaries({"minimum": st.integers(-2, 2), "exclusiveMaximum": st.integers(-2, 2) | st.just(1.5)}),
    st.fixed_dictionaries({"$ref": st.sampled_from([f"site#/$defs/{name}" for name in ("names", "nothing", "both")])}),
)


def _composed(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    one = ("items", "contains", "not", "additionalProperties", "propertyNames")
    return st.one_of(
        *(st.fixed_dictionaries({keyword: inner}) for keyword in one),
        *(st.fixed_dictionaries({keyword: st.lists(inner, min_size=1, max_size=3)}) for keyword in ("allOf", "anyOf")),
        st.fixed_dictionaries({"properties": st.dictionaries(_NAMES, inner, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"if": inner, "then": inner, "else": inner}),
    )


@settings(max_examples=400, deadline=None)
@given(
    schema=st.recursive(_LEAVES, _composed, max_leaves=6).filter(lambda schema: isinstance(schema, dict)),
    request_=_REQUESTS,
)
def test_the_engines_agree_on_any_schema_of_the_dialect(schema: dict[str, Any], request_: Any) -> None:
    alone = [failures(each, schema, request_) for each in ENGINES]

    assert len({*alone}) == 1
