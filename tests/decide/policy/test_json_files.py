"""Policy files are read strictly, and faults are said in our own words."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from portero.decide.engine.reference import VALIDATOR
from portero.decide.engine.rust import RUST
from portero.decide.policy.json_files import compile_faults, parse_object
from portero.decide.values.errors import ContentRefused
from portero.decide.values.json_fields import JSON
from tests.cases import cases
from tests.paths import SCHEMAS


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b'{"level": "baseline", "level": "advisory"}', "says 'level' twice in one object (line 1): keep one"),
        (b'{"level": 1,\n"a": 2,\n"level": 3}', "says 'level' twice in one object (lines 1 and 3): keep one"),
        (b'{"x": {"y": 1}, "z": {"y": 1, "y": 2}}', "says 'y' twice in one object: keep one"),
        (b'{"a": {"x": 1, "y": 2, "x": 1}}', "says 'x' twice in one object (line 1): keep one"),
        (b'{"a": 1', "is not JSON at line 1, column 8: it ends too early; close what is open"),
        (b"\xef\xbb\xbf{}", "is not JSON at line 1, column 1: a byte order mark; save it as UTF-8 without one"),
        (b'{"a": NaN}', "has NaN, which is not JSON: write a number"),
        (b'{"a":\n"\xff"}', "is not UTF-8 at line 2: save it as UTF-8"),
        (b"[]", "is not a JSON object: write {...}"),
        (b'{"version": 1' + b"0" * 5000 + b"}", "has a number of thousands of digits: write a shorter one"),
        (b'{"x": "\\ud800"}', "has an escape that is half a character, such as \\ud800: write the character"),
        (b'{"\\udfff": 1}', "has an escape that is half a character, such as \\ud800: write the character"),
        *(
            (nested, "nests too deep: make it flatter")
            for nested in (b"[" * 100_000, b'{"a":' + b"[" * 64 + b"]" * 64 + b"}", b'{"allOf": [' * 300 + b"]}" * 300)
        ),
    ],
)
def test_a_file_that_can_be_misread_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(ContentRefused) as refused:
        parse_object(data)

    assert str(refused.value) == why


def test_an_object_is_read_and_a_character_from_two_escapes_is_one() -> None:
    assert parse_object(b'{"a": [1, null]}') == {"a": [1, None]}
    assert parse_object(b'{"x": "\\ud83d\\ude00"}') == {"x": "\U0001f600"}


@pytest.mark.parametrize(("schema", "document", "expected"), cases(__file__, "faults.jsonl"))
def test_a_fault_names_the_place_and_the_cure(schema: dict[str, JSON], document: JSON, expected: list[str]) -> None:
    assert compile_faults(schema)(document) == expected


RULES = sorted((SCHEMAS / "rules").glob("*/*.json"))


def misspelt(document: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The document again and again, each time with another name in it that is not right, and where."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield (*at, name), {(f"{key}x" if key == name else key): kept for key, kept in document.items()}
            yield (*at, name, 7), {**document, name: 7}
            yield from ((place, {**document, name: inner}) for place, inner in misspelt(value, (*at, name)))
    elif isinstance(document, list):
        for index, value in enumerate(document):
            around = document[:index], document[index + 1 :]
            yield from ((place, [*around[0], inner, *around[1]]) for place, inner in misspelt(value, (*at, "*")))


@pytest.mark.parametrize("name", ["rule.json", "site.schema.json"])
def test_what_the_quick_look_takes_for_right_has_no_fault(name: str) -> None:
    """A rule with a misspelt keyword would allow everything."""
    schema = json.loads((SCHEMAS / name).read_text())
    files = RULES if name == "rule.json" else [SCHEMAS / "site.json"]
    surely, slowly = RUST.compile(schema, {}).is_satisfied, VALIDATOR(schema)
    written = [json.loads(file.read_text()) for file in files]
    # Each kind of place once, whichever rule has it; what a request of an example holds is its own.
    tried = {
        place[2:4] if place[0] in ("allows", "denies") else place[-3:]: document
        for right in written
        for place, document in misspelt(right)
    }

    assert [document for document in tried.values() if surely(document) != slowly.is_valid(document)] == []
    assert all(surely(right) for right in written)
