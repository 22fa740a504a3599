"""A fault of a policy file says the line and column of what it is about."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.decide.policy.positions import find_position
from portero.decide.values.spelling import format_path
from tests.cases import cases


def without_position(fault: str) -> str:
    """For tests of what is wrong, whatever the line."""
    return re.sub(r" \(line \d+, column \d+\)$", "", fault)


TEXT = b"""{
  "level": "baseline",
  "properties": {"facts": {"items": [1, {"a.b": "x"}, -2.5e3]},
    "b\\u00e4r": [[], {}, [null]]
  },
  "a: b": {"c": true}
}
"""


@pytest.mark.parametrize(("sentence", "expected"), cases(__file__, "sentences.jsonl"))
def test_the_place_at_the_beginning_of_a_sentence_is_found(sentence: str, expected: str) -> None:
    assert find_position(TEXT, sentence) == expected


@pytest.mark.parametrize("data", [b"", b"[" * 100_000 + b"]" * 100_000])
def test_a_file_without_places_has_none(data: bytes) -> None:
    assert find_position(data, "level: must be one of a") == ""


_KEYS = st.text(st.characters(codec="utf-8", exclude_characters="'"), min_size=1)
_DOCUMENTS = st.dictionaries(
    _KEYS,
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
        max_leaves=8,
    ),
    min_size=1,
    max_size=3,
)


@given(_DOCUMENTS, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_every_key_of_every_document_stands_where_it_is_told(
    document: dict[str, Any], indent: int | str | None, escaped: bool
) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=escaped)
    for key in document:
        # A spelt place that stands for two is of no use here.
        if (
            [format_path((other,)) for other in document].count(format_path((key,))) > 1
            or format_path((key,)) != key
            or ": " in key
        ):
            continue
        told = find_position(text.encode(), f"{key}: must be of type x")
        line, column = (int(part.strip(" ()").split(" ")[1]) for part in told.split(", "))
        spelt = json.dumps(key, ensure_ascii=escaped)
        assert text.split("\n")[line - 1][column - 1 :].startswith(spelt)
