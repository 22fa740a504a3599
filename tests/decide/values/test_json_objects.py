"""JSON objects are read as Go reads them, or strictly: without duplicate names and what JSON does not know."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from portero.decide.values.json_objects import (
    DuplicateName,
    apply_patch,
    describe_syntax,
    load_json,
    load_object,
    load_plain,
    load_strict_object,
    unique_names,
)
from tests.cases import cases


def test_an_object_is_read_as_json_reads_it() -> None:
    assert json.loads('{"a": {"b": [1]}, "c": null}', object_pairs_hook=unique_names) == {"a": {"b": [1]}, "c": None}


@pytest.mark.parametrize("text", ['{"a": 1, "b": 2, "b": 3}', '{"x": [{"b": 1, "b": 1}]}', '{"b": 1, "\\u0062": 1}'])
def test_a_duplicate_name_is_an_error_that_names_it(text: str) -> None:
    with pytest.raises(DuplicateName) as refused:
        json.loads(text, object_pairs_hook=unique_names)

    assert refused.value.name == "b"


@pytest.mark.parametrize(
    "text", ['{"a":{"b":[1,-2,0.5,true,null]},"c":"\N{SNOWMAN}\\n\\""}', "[]", '"x"', str(2**64 - 1), '{"a":1}\n']
)
def test_what_is_written_plainly_is_read_as_json_reads_it(text: str) -> None:
    assert load_plain(text.encode()) == json.loads(text)


@pytest.mark.parametrize("text", [*cases(__file__, "not-plain.jsonl"), "[" * 2000 + "]" * 2000, "[" * 300 + "]" * 300])
def test_what_can_be_read_in_two_ways_is_not_plain(text: str) -> None:
    assert load_plain(text.encode("latin-1")) is None


def test_many_names_take_linear_time() -> None:
    pairs = [(str(number), number) for number in range(100_000)]

    assert len(unique_names(pairs)) == 100_000


def test_an_object_in_bytes_is_read() -> None:
    assert load_strict_object(b'{"a": 1}') == {"a": 1}


@pytest.mark.parametrize("data", [b"[]", b"\xff", b'{"a": NaN}', b'{"a": 1, "a": 1}', b"{} {}", b""])
def test_what_is_no_strict_object_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|utf-8|duplicate|Expecting|Extra"):
        load_strict_object(data)


def test_of_two_equal_names_the_last_counts_where_go_reads_it_so() -> None:
    assert load_object(b'{"a": 1, "a": 2}') == {"a": 2}


@pytest.mark.parametrize("read", [load_json, load_object, load_strict_object])
def test_what_nests_too_deep_is_an_error_of_the_value(read: Callable[[bytes], object]) -> None:
    with pytest.raises(ValueError, match="deep"):
        read(b"[" * 100_000)


@pytest.mark.parametrize("data", [b"[]", b"null", b"{", b""])
def test_what_is_no_object_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|Expecting"):
        load_object(data)


@pytest.mark.parametrize(("target", "patch", "expected"), cases(__file__, "patches.jsonl"))
def test_a_patch_changes_what_it_names(target: Any, patch: Any, expected: Any) -> None:
    assert apply_patch(target, patch) == expected


def test_the_target_stays_as_it_was() -> None:
    target: Any = {"a": {"b": "c"}}

    apply_patch(target, {"a": {"b": None}})

    assert target == {"a": {"b": "c"}}


def describe(text: str, first_line: int = 1) -> str:
    with pytest.raises(json.JSONDecodeError) as error:
        json.loads(text)
    return describe_syntax(error.value, first_line)


@pytest.mark.parametrize(("text", "sentence"), cases(__file__, "syntax-faults.jsonl"))
def test_a_fault_has_its_place_and_its_cure(text: str, sentence: str) -> None:
    assert describe(text) == sentence


def test_a_byte_order_mark_is_named() -> None:
    error = json.JSONDecodeError("Expecting value", "\ufeff{}", 0)

    assert describe_syntax(error) == "line 1, column 1: a byte order mark; save it as UTF-8 without one"


def test_a_line_of_a_file_has_the_number_that_it_has_there() -> None:
    assert describe('{"a": 1', 7) == "line 7, column 8: it ends too early; close what is open"
