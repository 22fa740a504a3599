"""A fact has its value or is unknown, and always the place where it was read."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from portero.decide.engine.rust import RUST
from portero.decide.values.json_fields import JSON
from portero.tools.hostcheck.fact import UNKNOWN, make_certain, make_fact, make_possible, make_unknown, observe, prefer


def failing(error: Exception) -> Callable[[], JSON]:
    def read() -> JSON:
        raise error

    return read


def test_what_was_read_is_the_value() -> None:
    assert observe("/proc/x", lambda: 7) == {"value": 7, "at": "/proc/x"}


@pytest.mark.parametrize("error", [OSError(24, "Too many open files"), ValueError("no number")], ids=repr)
def test_what_could_not_be_read_is_unknown_there(error: Exception) -> None:
    assert observe("/proc/x", failing(error)) == make_unknown("/proc/x") == {"value": "unknown", "at": "/proc/x"}


def test_the_second_fact_counts_only_where_the_first_is_unknown() -> None:
    assert prefer(make_fact(False, "a"), make_fact(True, "b")) == make_fact(False, "a")
    assert prefer(make_unknown("a"), make_fact(True, "b")) == make_fact(True, "b")


VALUES = (0, 1, 2)
MODES: tuple[int | str, ...] = (*VALUES, UNKNOWN)


def value(of: str, condition: Any) -> Any:
    return {"properties": {of: {"properties": {"value": condition}}}}


A, B = value("a", {"const": 1}), value("b", {"minimum": 1})
SCHEMAS: dict[str, Any] = {
    "one fact": A,
    "a keyword that passes over strings": B,
    "not": {"not": A},
    "not not": {"not": {"not": B}},
    "not inside the value": value("a", {"not": {"const": 0}}),
    "all of": {"allOf": [A, B]},
    "any of": {"anyOf": [A, B]},
    "neither": {"not": {"anyOf": [A, B]}},
    "if then": {"if": A, "then": B},
    "if else": {"if": A, "else": B},
    "if then else": {"if": A, "then": B, "else": value("b", {"const": 0})},
    "if beside all of": {"if": A, "then": B, "allOf": [value("b", {"maximum": 1})]},
    "not if": {"not": {"if": A, "then": B}},
}


def holds(schema: Any, a: int | str, b: int | str) -> bool:
    return not RUST.compile(schema, {}).failures({"a": {"value": a}, "b": {"value": b}})


def of(mode: int | str) -> tuple[int, ...]:
    return VALUES if isinstance(mode, str) else (mode,)


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_certain_is_never_too_sure_and_possible_never_too_strict(schema: Any) -> None:
    for a, b in product(MODES, MODES):
        outcomes = {holds(schema, *values) for values in product(of(a), of(b))}

        assert not holds(make_certain(schema), a, b) or outcomes == {True}
        assert holds(make_possible(schema), a, b) or outcomes == {False}


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_where_all_is_known_both_readings_are_the_rule_itself(schema: Any) -> None:
    for a, b in product(VALUES, VALUES):
        assert holds(make_certain(schema), a, b) == holds(make_possible(schema), a, b) == holds(schema, a, b)


def test_one_known_fact_can_settle_what_the_other_leaves_open() -> None:
    either = SCHEMAS["any of"]

    assert holds(make_certain(either), 1, UNKNOWN)
    assert not holds(make_certain(either), 0, UNKNOWN)
    assert holds(make_possible(either), 0, UNKNOWN)


@pytest.mark.parametrize("keyword", ["items", "contains", "additionalProperties"])
def test_facts_inside_lists_and_maps_are_read_likewise(keyword: str) -> None:
    schema: Any = {"properties": {"value": {keyword: {"properties": {"value": {"minimum": 1}}}}}}
    inside: Any = {"x": {"value": UNKNOWN}} if keyword == "additionalProperties" else [{"value": UNKNOWN}]

    assert RUST.compile(make_certain(schema), {}).failures({"value": inside}) != ()
    assert not RUST.compile(make_possible(schema), {}).failures({"value": inside})  # type: ignore[arg-type]


def test_a_schema_that_is_true_or_false_stays_so() -> None:
    assert make_certain({"properties": {"a": False}}) == {"properties": {"a": False}}


def test_a_then_without_if_says_nothing() -> None:
    assert make_certain({"then": {"const": 1}}) == {}
