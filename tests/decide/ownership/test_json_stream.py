"""A JSON answer in pieces of any size: entries are judged one by one, and what is no JSON raises."""

import json
import time

import pytest

from portero.decide.facts.masked_answers import mask_answer
from portero.decide.ownership.json_stream import JsonFilter, Shape, Unreadable
from portero.decide.ownership.list_shapes import entries
from portero.decide.values.json_fields import JSON
from tests.cases import cases


def keep(entry: JSON) -> JSON:
    return entry


def read(shape: Shape, data: bytes, piece: int = 1) -> JSON:
    asked = JsonFilter(shape)
    out = b"".join(asked.feed(data[at : at + piece]) for at in range(0, len(data), piece)) + asked.finish()
    value: JSON = json.loads(out)
    return value


@pytest.mark.parametrize("piece", [1, 2, 1000])
@pytest.mark.parametrize("text", ['"', "\\", '\\"', "]}", "\\\\", "\n", "é", "[[{{"])
def test_brackets_and_quotes_in_texts_are_text(text: str, piece: int) -> None:
    listed: list[JSON] = [{text: [text, {text: text}]}, {}, {"x": text * 3}]

    for data in (json.dumps(listed), json.dumps(listed, ensure_ascii=False, indent=1)):
        assert read(entries(keep), data.encode(), piece) == listed


@pytest.mark.parametrize("data", cases(__file__, "no-lists.jsonl"))
def test_what_is_no_list_of_objects_raises(data: str) -> None:
    for piece in (1, 100):
        with pytest.raises(Unreadable):
            read(entries(keep), data.encode("latin-1"), piece)


@pytest.mark.parametrize("piece", [1 << 16, 1 << 23])
def test_an_entry_of_more_than_4_mib_is_left_out(piece: int) -> None:
    for size, count in ((4 << 20, 1), ((4 << 20) + 1, 0)):
        entry = json.dumps({"x": "v" * (size - len('{"x": ""}'))}).encode()
        assert len(entry) == size
        assert len(read(entries(keep), b"[%s]" % entry, piece)) == count


@pytest.mark.parametrize(
    ("value", "count"),
    [
        *(("v" * (500 << 10), 1), ("v" * (600 << 10), 0), (["v"] * 19_900, 1), (["v"] * 20_100, 0)),
        *(("a=b:" * 19_900, 1), ("a=b:" * 20_100, 0)),
    ],
    ids=["a text", "a long text", "texts", "too many texts", "names", "too many names"],
)
def test_an_entry_that_takes_long_to_mask_is_left_out(value: JSON, count: int) -> None:
    """Found by an attacker: a command of 1 MB held up all clients of a door for 0.7 s, each time it was masked."""
    asked = JsonFilter(entries(keep))
    asked.reader.mask = keep

    assert json.loads(asked.feed(json.dumps([{"x": value}]).encode())) == [{"x": value}] * count


def test_what_stays_is_masked_and_what_cannot_be_is_unreadable() -> None:
    asked = JsonFilter(entries(keep))
    asked.reader.mask = lambda entry: {"masked": entry} if entry else None

    assert asked.feed(b'[{"x": 1}') == b'[{"masked":{"x":1}}'
    with pytest.raises(Unreadable, match="cannot be masked"):
        asked.feed(b", {}]")


def test_what_is_nested_too_deeply_is_unreadable() -> None:
    for depth, masks in ((300, False), (1000, True)):
        asked = JsonFilter(entries(keep))
        asked.reader.mask = mask_answer if masks else None
        with pytest.raises(Unreadable, match=r"nested too deeply|cannot be masked"):
            asked.feed(b'[{"x":' + b"[" * depth + b"]" * depth + b"}]")


def test_no_step_takes_long() -> None:
    """Of an entry that is just not too large, in pieces as the door reads them; one of many texts is not read."""
    large = json.dumps([{"Labels": {f"label{number}": "v" * 80 for number in range(30_000)}}]).encode()
    many = json.dumps([{"Labels": {f"{number}": "" for number in range(350_000)}}]).encode()
    for data, count in ((large, 1), (many, 0)):
        asked, longest = JsonFilter(entries(keep)), 0.0
        out = b""
        for at in range(0, len(data), 1 << 16):
            began = time.process_time()
            out += asked.feed(data[at : at + (1 << 16)])
            longest = max(longest, time.process_time() - began)
        assert len(json.loads(out + asked.finish())) == count
        assert asked.reader.left_out == 1 - count
        assert longest < 0.25  # ten times what it takes
