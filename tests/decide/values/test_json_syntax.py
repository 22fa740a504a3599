"""A text that is no JSON is faulted at the line that has to be changed, in the same words under each Python."""

import json

import pytest

from portero.decide.values.json_syntax import describe_syntax


def describe(text: str, first_line: int = 1) -> str:
    with pytest.raises(json.JSONDecodeError) as error:
        json.loads(text)
    return describe_syntax(error.value, first_line)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "line 1, column 1: it is empty"),
        (" \n\n", "line 1, column 1: it is empty"),
        ('{\n "a": 1\n "b": 2\n}\n', "line 2, column 8: a comma is missing"),
        ("[1 2]", "line 1, column 3: a comma is missing"),
        ('{\n "a": 1,\n}\n', "line 2, column 8: remove the comma before the bracket"),
        ('{\n "a": 1,,\n}\n', "line 2, column 9: remove the comma before the bracket"),
        ('{"a": [1,\n 2,\n ]}', "line 2, column 3: remove the comma before the bracket"),
        ('{\n "a": {"b": 1}\n\n', "line 2, column 15: it ends too early; close what is open"),
        ('{\n "a": "b\n}', "line 2, column 9: close the string on its line"),
        ('{"a": "\tb"}', "line 1, column 8: a tab in a string; write \\t"),
        ('{"a": "\\d"}', "line 1, column 8: a backslash in a string; write \\\\"),
        ('{"a": "b', "line 1, column 7: a string without its closing quote"),
        ("{\n 'a': 1}", "line 2, column 2: write \" instead of '"),
        ('{ // why\n "a": 1}', "line 1, column 3: JSON has no comments; remove it"),
        ('{"a": 1}\n}', "line 2, column 1: remove what follows the end of the document"),
        ('{"a" 1}', "line 1, column 6: fix the syntax"),
    ],
)
def test_a_fault_has_its_place_and_its_cure(text: str, sentence: str) -> None:
    assert describe(text) == sentence


def test_a_byte_order_mark_is_named() -> None:
    error = json.JSONDecodeError("Expecting value", "\ufeff{}", 0)

    assert describe_syntax(error) == "line 1, column 1: a byte order mark; save it as UTF-8 without one"


def test_a_line_of_a_file_has_the_number_that_it_has_there() -> None:
    assert describe('{"a": 1', 7) == "line 7, column 8: it ends too early; close what is open"
