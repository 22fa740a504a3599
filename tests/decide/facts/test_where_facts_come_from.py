"""Each fact comes from one field of the body, and names it: a body with one field in, the facts that it changes out.

facts-of-fields.jsonl: operation, where its fields are, field, value, and the facts that differ, each with its `at`.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from portero.decide.facts.collect import collect_facts
from portero.observe.host.fixed_host import FixedHost
from tests.cases import cases

HOST = FixedHost()


def nested(path: str, value: object) -> Any:
    for name in reversed(path.split(".")):
        value = {name: value}
    return value


def find_at(fact: object) -> Iterator[object]:
    if isinstance(fact, dict):
        for name, value in fact.items():
            yield from (value,) if name == "at" else find_at(value)
    elif isinstance(fact, list):
        for value in fact:
            yield from find_at(value)


def changed(value: Any, empty: Any) -> Any:
    """Of a fact with names (limits, namespaces) only what the field has changed."""
    if not isinstance(empty, dict) or "at" in value:
        return value
    return {name: part for name, part in value.items() if part != empty[name]}


@pytest.mark.parametrize(("operation", "within", "field", "value", "at"), cases(__file__, "facts-of-fields.jsonl"))
def test_a_field_makes_its_facts_and_no_others(
    operation: str, within: str, field: str, value: object, at: dict[str, str]
) -> None:
    empty = collect_facts(operation, None, {}, {}, HOST)
    found = collect_facts(operation, nested(within + field, value), {}, {}, HOST)

    assert {name for name in found if found[name] != empty[name]} == set(at)
    for name, there in at.items():
        assert within + there in find_at(changed(found[name], empty[name]))
