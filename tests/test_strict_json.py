"""JSON objects without duplicate names."""

import json

import pytest

from portero.strict_json import DuplicateName, unique_names


def test_an_object_is_read_as_json_reads_it() -> None:
    assert json.loads('{"a": {"b": [1]}, "c": null}', object_pairs_hook=unique_names) == {"a": {"b": [1]}, "c": None}


@pytest.mark.parametrize("text", ['{"a": 1, "b": 2, "b": 3}', '{"x": [{"b": 1, "b": 1}]}', '{"b": 1, "\\u0062": 1}'])
def test_a_duplicate_name_is_an_error_that_names_it(text: str) -> None:
    with pytest.raises(DuplicateName) as refused:
        json.loads(text, object_pairs_hook=unique_names)

    assert refused.value.name == "b"


def test_many_names_take_linear_time() -> None:
    pairs = [(str(number), number) for number in range(100_000)]

    assert len(unique_names(pairs)) == 100_000
