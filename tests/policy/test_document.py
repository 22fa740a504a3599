"""Policy files are read strictly, and faults are said in our own words."""

import pytest

from portero.policy.document import DocumentRefused, close_to, faults, parse, spell
from portero.types import JSON


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b'{"level": "baseline", "level": "advisory"}', "says 'level' twice in one object: keep one"),
        (b'{"a": {"x": 1, "y": 2, "x": 1}}', "says 'x' twice in one object: keep one"),
        (b'{"a": 1', "is not JSON at line 1, column 8: mend it there"),
        (b'{"a": NaN}', "has NaN, which is not JSON: write a number"),
        (b'{"a": "\xff"}', "is not UTF-8: save it as UTF-8"),
        (b"[]", "is not a JSON object: write {...}"),
        (b"[" * 100_000, "nests too deep: make it flatter"),
    ],
)
def test_a_file_that_can_be_misread_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(DocumentRefused) as refused:
        parse(data)

    assert str(refused.value) == why


def test_an_object_is_read() -> None:
    assert parse(b'{"a": [1, null]}') == {"a": [1, None]}


@pytest.mark.parametrize(
    ("schema", "document", "expected"),
    [
        ({"required": ["a", "b"]}, {}, ["'a' is missing", "'b' is missing"]),
        (
            {"additionalProperties": False, "properties": {"name": {}}},
            {"nane": 1},
            ["'nane' is unknown: did you mean 'name'?"],
        ),
        ({"items": {"type": "string"}}, ["x", 1], ["[1]: must be of type string"]),
        ({"properties": {"a": {"enum": ["x", "y"]}}}, {"a": "z"}, ["a: must be one of x, y"]),
        ({"properties": {"a": {"pattern": "^x$", "cure": "write x"}}}, {"a": "z"}, ["a: write x"]),
        ({"minItems": 1}, [], ["must have at least 1 entries"]),
        ({"uniqueItems": True}, [1, 1], ["must not say the same twice"]),
        ({"maximum": 3}, 4, ["must be at most 3"]),
        ({"multipleOf": 2}, 3, ["is not what the schema says"]),
    ],
)
def test_a_fault_names_the_place_and_the_cure(schema: dict[str, JSON], document: JSON, expected: list[str]) -> None:
    assert list(faults(document, schema)) == expected


def test_a_path_is_spelt_as_a_person_writes_it() -> None:
    assert spell(("properties", "body", "allOf", 0, "items")) == "properties.body.allOf[0].items"


def test_a_name_that_resembles_no_other_gets_no_proposal() -> None:
    assert close_to("zzz", ["level", "title"]) == ""
