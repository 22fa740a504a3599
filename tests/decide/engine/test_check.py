"""The engines agree: on which requests satisfy a schema, and on the places where others fail."""

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from referencing.exceptions import Unresolvable

from portero.decide.engine import Engine, InstancePath
from portero.tools.proof.rule_examples import ENGINES

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
@pytest.mark.parametrize(
    ("schema", "request_", "expected"),
    [
        pytest.param({"properties": {"a": {"const": 1}}}, {"a": 1}, (), id="a satisfied schema has no failure"),
        pytest.param({"properties": {"a": {"const": 1}}}, {"a": 2}, (("a",),), id="properties point at the property"),
        pytest.param({"items": {"type": "string"}}, ["x", 1, 2], ((1,), (2,)), id="items point at each culprit"),
        pytest.param({"items": False}, [1, 2], ((0,), (1,)), id="forbidden items are culprits themselves"),
        pytest.param({"additionalProperties": False}, {"x": 1}, (("x",),), id="a forbidden property is the culprit"),
        pytest.param({"properties": {"x": False}}, {"x": 1}, (("x",),), id="a forbidden named property likewise"),
        pytest.param({"required": ["x", "y"]}, {}, ((),), id="a missing property fails where it is missing"),
        pytest.param({"anyOf": [{"items": {"const": 1}}, False]}, [2], ((),), id="anyOf fails as a whole"),
        pytest.param({"allOf": [{"items": {"const": 1}}, {"items": {"const": 2}}]}, [3], ((0,),), id="one place once"),
        pytest.param({"contains": {"const": 1}}, [2], ((),), id="contains fails on the list"),
        pytest.param({"propertyNames": {"pattern": "^a$"}}, {"b": 1}, ((),), id="a name fails on its object"),
        pytest.param(
            {"if": {"required": ["t"]}, "then": {"properties": {"y": {"const": 1}}}},
            {"t": 0, "y": 2},
            (("y",),),
            id="then points deep",
        ),
        pytest.param({"items": {"$ref": "site#/$defs/names"}}, ["a", "b"], ((1,),), id="a site value is looked up"),
        pytest.param({"items": {"$ref": "site#/$defs/nothing"}}, ["a"], ((0,),), id="an empty list accepts nothing"),
        pytest.param({"items": {"const": 0}}, [False, 0.0, 0], ((0,),), id="false is not 0, but 0.0 is"),
        pytest.param({"items": {"enum": [1]}}, [True, 1.0], ((0,),), id="true is not 1, but 1.0 is"),
        pytest.param(
            {"items": {"type": "integer"}}, [1.0, True, 1.5], ((1,), (2,)), id="1.0 is an integer, true is not"
        ),
        pytest.param(
            {"items": {"pattern": "^a$"}}, ["a", "a\n", "b", 1], ((1,), (2,)), id="$ is the end, not a line feed"
        ),
        pytest.param(
            {"items": {"not": {"pattern": "^/etc(/.*)?$"}}},
            ["/etc/\u2028", "/etc/\r", "/etc/\n/x", "/etc\n"],
            ((0,), (1,), (2,)),
            id="a dot is any character, line ends of all kinds too",
        ),
        pytest.param(
            {"items": {"pattern": r"^[.]\.[^.\]].$"}},
            ["..aX", "x.ax", "...x", "..]x", "..a\u2029"],
            ((1,), (2,), (3,)),
            id="a dot in a class or behind a backslash is a dot",
        ),
        pytest.param({"items": {"maxLength": 1}}, ["é", "\U0001f600", "ab"], ((2,),), id="lengths count characters"),
        pytest.param({"items": {"maximum": 2**63}}, [2**63, 2**64 - 1], ((1,),), id="large figures are exact"),
    ],
)
def test_a_failure_is_placed_at_the_culprit(
    each: Engine, schema: dict[str, Any], request_: Any, expected: tuple[InstancePath, ...]
) -> None:
    assert failures(each, schema, request_) == expected


@each_engine
def test_entries_are_sorted_as_numbers(each: Engine) -> None:
    assert failures(each, {"items": False}, [0] * 11) == tuple((index,) for index in range(11))


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
