"""A portable schema says the same as the written one, in the words that all engines read alike."""

from typing import Any

import pytest

from portero.decide.engine.portable_schema import to_portable


def test_false_becomes_not_anything_only_where_a_schema_stands() -> None:
    schema = {
        "items": False,
        "const": False,
        "enum": [False],
        "anyOf": [False, True],
        "properties": {"not": False, "then": {"not": False}},
        "$defs": {"x": False},
    }

    assert to_portable(schema) == {
        "items": {"not": {}},
        "const": False,
        "enum": [False],
        "anyOf": [{"not": {}}, True],
        "properties": {"not": {"not": {}}, "then": {"not": {"not": {}}}},
        "$defs": {"x": {"not": {}}},
    }


@pytest.mark.parametrize(
    ("written", "portable"),
    [
        ("^/etc(/.*)?$", r"^/etc(/[\s\S]*)?$"),
        (r"^[.]\..$", r"^[.]\.[\s\S]$"),
        (r"^[^.\]].$", r"^[^.\]][\s\S]$"),
        ("^abc$", "^abc$"),
    ],
)
def test_a_dot_in_a_pattern_becomes_any_character_unless_it_is_a_plain_dot(written: str, portable: str) -> None:
    assert to_portable({"pattern": written}) == {"pattern": portable}


def test_the_written_schema_stays_as_it_is() -> None:
    schema: dict[str, Any] = {"items": False, "pattern": "."}

    to_portable(schema)

    assert schema == {"items": False, "pattern": "."}
