"""The shapes of answers: fields that stay, and lines that come without end."""

import pytest

from portero.decide.ownership.json_stream import JsonFilter, Unreadable
from portero.decide.ownership.list_shapes import entries, fields, lines, whole
from tests.decide.ownership.test_json_stream import keep, read


@pytest.mark.parametrize("piece", [1, 2, 3, 1000])
def test_unknown_fields_go_and_values_are_kept(piece: int) -> None:
    shape = fields({"a": whole(keep), "b": entries(keep), "c": fields({}), "d": fields({"e": whole(keep)})})
    body = b'{"x": [1, {"y": "]"}], "a": 1.5, "z": null, "b": [{"q": true}], "c": null, "w": "}\\"", '
    body += b'"d": {"e": "\\u00e9{"}}'

    assert read(shape, body, piece) == {"a": 1.5, "b": [{"q": True}], "c": None, "d": {"e": "é{"}}


@pytest.mark.parametrize(
    "data", [b"[]", b'{"a": 1, "a": 2}', b"{1: 2}", b'{"a" 1}', b'{"a": 1', b'{"a": x}', b'{"b": [}']
)
def test_what_is_no_object_raises(data: bytes) -> None:
    with pytest.raises(Unreadable):
        read(fields({"a": whole(keep), "b": entries(keep)}), data)


def test_lines_have_no_end() -> None:
    asked = JsonFilter(lines(lambda entry: entry if entry.get("a") else None))

    assert asked.feed(b'{"a": 1}\n{"a"') == b'{"a":1}\n'
    assert asked.feed(b': 0}{"a": 2}') == b'{"a":2}\n'
    assert asked.finish() == b""
    cut = JsonFilter(lines(keep))
    cut.feed(b'{"a": 1}{"a"')
    with pytest.raises(Unreadable):
        cut.finish()
