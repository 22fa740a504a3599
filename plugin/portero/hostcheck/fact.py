"""Facts of the host: a value, and where it was read. The value of a fact that cannot be read is UNKNOWN.

A host rule is checked in two versions of its schema, `certain` and `possible`: most keywords of JSON Schema accept any
string, so the rule as written could hold for UNKNOWN. `certain` holds only if the rule holds whatever the
unknown values are; `possible` holds if it does for some of them. If only `possible` holds, the result is "unknown".
"""

from collections.abc import Callable, Iterator, Mapping
from typing import cast

from portero.engine.portable_schema import MANY_SCHEMAS
from portero.values.json_types import JSON, Fact

UNKNOWN = "unknown"

_VALUE_OF_A_FACT = "value"
_FROM_IF = ("if", "then", "else")
_INNER = ("additionalProperties", "items", "contains")


def fact(value: JSON, at: str) -> Fact:
    return {"value": value, "at": at}


def unknown(at: str) -> Fact:
    return fact(UNKNOWN, at)


def observed(at: str, read: Callable[[], JSON]) -> Fact:
    """The fact with the value that `read` returns; its OSError and ValueError make the fact unknown."""
    try:
        return fact(read(), at)
    except (OSError, ValueError):
        return unknown(at)


def either(first: Fact, second: Fact) -> Fact:
    return second if first["value"] == UNKNOWN else first


def certain(schema: JSON) -> JSON:
    """The version in which an unknown value satisfies nothing."""
    return _rewrite(schema, unknown_holds=False)


def possible(schema: JSON) -> JSON:
    """The version in which an unknown value satisfies everything."""
    return _rewrite(schema, unknown_holds=True)


def _rewrite(schema: JSON, *, unknown_holds: bool) -> JSON:
    if not isinstance(schema, dict):
        return schema
    rewritten = {
        name: _rewrite_keyword(name, value, unknown_holds) for name, value in schema.items() if name not in _FROM_IF
    }
    branches = [*_list_branches(schema, unknown_holds)]
    if branches:
        rewritten["allOf"] = [*cast(list[JSON], rewritten.get("allOf", [])), *branches]
    return rewritten


def _rewrite_keyword(keyword: str, value: JSON, unknown_holds: bool) -> JSON:
    if keyword == "not":
        return _rewrite(value, unknown_holds=not unknown_holds)
    if keyword in _INNER:
        return _rewrite(value, unknown_holds=unknown_holds)
    if keyword in MANY_SCHEMAS:
        return [_rewrite(one, unknown_holds=unknown_holds) for one in cast(list[JSON], value)]
    if keyword == "properties":
        named = cast(dict[str, JSON], value)
        return {name: _rewrite_property(name, schema, unknown_holds) for name, schema in named.items()}
    return value


def _rewrite_property(name: str, schema: JSON, unknown_holds: bool) -> JSON:
    rewritten = _rewrite(schema, unknown_holds=unknown_holds)
    if name != _VALUE_OF_A_FACT:
        return rewritten
    is_unknown: JSON = {"const": UNKNOWN}
    return {"anyOf": [is_unknown, rewritten]} if unknown_holds else {"allOf": [{"not": is_unknown}, rewritten]}


def _list_branches(schema: Mapping[str, JSON], unknown_holds: bool) -> Iterator[JSON]:
    """`then` must hold unless the condition certainly fails, `else` unless it certainly holds; `possible`: reversed."""
    if "if" not in schema:
        return
    if "then" in schema:
        condition = _rewrite(schema["if"], unknown_holds=not unknown_holds)
        yield {"if": condition, "then": _rewrite(schema["then"], unknown_holds=unknown_holds)}
    if "else" in schema:
        condition = _rewrite(schema["if"], unknown_holds=unknown_holds)
        yield {"if": condition, "else": _rewrite(schema["else"], unknown_holds=unknown_holds)}
