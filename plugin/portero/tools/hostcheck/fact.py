"""Facts of the host: a value, and where it was read. The value of a fact that cannot be read is UNKNOWN.

A host rule is checked in two versions of its schema, a certain and a possible one: most keywords of JSON Schema accept
any string, so the rule as written could hold for UNKNOWN. The certain one holds only if the rule holds whatever the
unknown values are; the possible one if it does for some of them. If only that holds, the result is "unknown".
"""

from collections.abc import Callable
from functools import partial
from typing import cast

from portero.decide.engine.portable_schema import MANY_SCHEMAS, map_schemas
from portero.decide.values.json_fields import JSON, Fact

UNKNOWN = "unknown"

_VALUE_OF_A_FACT = "value"
_FROM_IF = ("if", "then", "else")
_INNER = ("additionalProperties", "items", "contains", "properties", *MANY_SCHEMAS)


def make_fact(value: JSON, at: str) -> Fact:
    return {"value": value, "at": at}


def make_unknown(at: str) -> Fact:
    return make_fact(UNKNOWN, at)


def observe(at: str, read: Callable[[], JSON]) -> Fact:
    """The fact with the value that `read` returns; its OSError and ValueError make the fact unknown."""
    try:
        return make_fact(read(), at)
    except (OSError, ValueError):
        return make_unknown(at)


def prefer(first: Fact, second: Fact) -> Fact:
    return second if first["value"] == UNKNOWN else first


def make_certain(schema: JSON) -> JSON:
    """The version in which an unknown value satisfies nothing."""
    return _rewrite(schema, unknown_holds=False)


def make_possible(schema: JSON) -> JSON:
    """The version in which an unknown value satisfies everything."""
    return _rewrite(schema, unknown_holds=True)


def _rewrite(schema: JSON, *, unknown_holds: bool) -> JSON:
    if not isinstance(schema, dict):
        return schema
    same, reversed_ = (partial(_rewrite, unknown_holds=holds) for holds in (unknown_holds, not unknown_holds))
    plain = {name: value for name, value in schema.items() if name not in _FROM_IF}
    rewritten = map_schemas(plain, same, _INNER)
    if "not" in schema:
        rewritten["not"] = reversed_(schema["not"])
    named = rewritten.get("properties")
    if isinstance(named, dict) and _VALUE_OF_A_FACT in named:
        is_unknown: JSON = {"const": UNKNOWN}
        read = named[_VALUE_OF_A_FACT]
        either_way: JSON = {"anyOf": [is_unknown, read]} if unknown_holds else {"allOf": [{"not": is_unknown}, read]}
        named[_VALUE_OF_A_FACT] = either_way
    branches: list[JSON] = []
    # `then` must hold unless the condition certainly fails, `else` unless it certainly holds; reversed where possible.
    if "if" in schema and "then" in schema:
        branches.append({"if": reversed_(schema["if"]), "then": same(schema["then"])})
    if "if" in schema and "else" in schema:
        branches.append({"if": same(schema["if"]), "else": same(schema["else"])})
    return rewritten | {"allOf": [*cast(list[JSON], rewritten.get("allOf", [])), *branches]} if branches else rewritten
