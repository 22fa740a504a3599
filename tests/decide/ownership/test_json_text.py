"""A JSON text that is changed where it stands, and one on which readers differ, which is not."""

import json
import time
from contextlib import suppress

import pytest

from portero.decide.ownership.json_text import Unclear, read_text, write_text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"{}", b'{"a":1}'),
        (b'{ "b" : 2 }', b'{"a":1, "b" : 2 }'),
        (b'{"b":2,"A" : null }', b'{"b":2,"A" : 1 }'),
        ('{"\u00e9": "}"}'.encode(), '{"a":1,"\u00e9": "}"}'.encode()),
    ],
)
def test_a_member_is_added_and_all_else_stays(before: bytes, after: bytes) -> None:
    top = read_text(before)

    assert write_text(top, [top.add("a", 1)]) == after
    assert json.loads(after)


def test_objects_are_found_by_names_as_go_folds_them() -> None:
    top = read_text(
        b'{"HostConfig": {"mounts": [{"Type": "x"}, {"type": "y"}], "Binds": null}, "Label\xc5\xbf": {"Owner": 1}}'
    )

    config = top.child("hostconfig")
    assert config is not None
    assert [entry.value("TYPE") for entry in config.entries("Mounts")] == ["x", "y"]
    assert config.entries("Binds") == []
    assert config.entries("None") == []
    assert config.child("Binds") is None
    labels = top.child("Labels", str)
    assert labels is not None
    assert {*labels.members} == {"Owner"}


def test_edits_at_several_places() -> None:
    top = read_text(b'{"x": {}, "y": {"z": 1}}')
    first, second = top.child("x"), top.child("y")
    assert first is not None
    assert second is not None

    assert (
        write_text(top, [first.add("a", 1), second.add("b", {"c": "d"})])
        == b'{"x": {"a":1}, "y": {"b":{"c": "d"},"z": 1}}'
    )


@pytest.mark.parametrize(("letter", "most"), [("x", 2_000_000), ("\u00e9", 2_000_000), ("\u5b57", 1_000_000)])
def test_a_text_that_takes_more_memory_than_it_has_bytes_is_unclear(letter: str, most: int) -> None:
    def read(length: int) -> bool:
        with suppress(Unclear):
            return bool(read_text(f'{{"a": "{"x" * length}{letter}"}}'.encode()))
        return False

    assert (read(most), read(most + 100_000)) == (True, False)


@pytest.mark.parametrize(
    "data", [b"", b"null", b"[]", b"{", b"{} {}", b'{"a": 1, "A": 2}', b"\xff", b'{"a": "\\ud800"}', b"1"]
)
def test_another_text_is_unclear(data: bytes) -> None:
    with pytest.raises(Unclear):
        read_text(data)


def test_another_shape_is_unclear() -> None:
    top = read_text(b'{"a": 1, "b": [1], "c": {"d": 1, "D": 2}}')

    for find in (lambda: top.child("a"), lambda: top.entries("a"), lambda: top.entries("b"), lambda: top.child("c")):
        with pytest.raises(Unclear):
            find()


def test_a_body_of_very_many_members_is_unclear() -> None:
    with pytest.raises(Unclear):
        read_text(json.dumps({f"{number}": 1 for number in range(9_000)}).encode())
    with pytest.raises(Unclear):
        read_text(json.dumps(["x"] * 50_000).encode())
    for unit in (b"1", b"[]", b"{}", b'{"a": 1}', b"1.5e300", b"[[[]]]"):
        with pytest.raises(Unclear):
            read_text(b'{"x": [' + b",".join([unit] * 20_001) + b"]}")
    # Not in texts.
    assert read_text(json.dumps({"x": 'a, "[{\\' * 10_000}).encode()).members
    mounts = read_text(json.dumps({"Mounts": [{"a": 1, "b": 2}] * 5_000}).encode())
    with pytest.raises(Unclear):
        mounts.entries("Mounts")


def test_many_edits_of_a_long_body_hold_nobody_up() -> None:
    """The body was copied for each of them: a create with 128 mounts took 0.2 s of everybody's."""
    mounts = [{"Type": "volume"}] * 128
    body = json.dumps({"Env": ["\U0001f600" + "x" * 500_000], "Mounts": mounts}, ensure_ascii=False).encode()
    top = read_text(body)
    edits = [mount.add("Source", "made") for mount in top.entries("Mounts")]
    begun = time.process_time()
    written = write_text(top, edits)

    assert time.process_time() - begun < 0.06
    assert [each["Source"] for each in json.loads(written)["Mounts"]] == ["made"] * 128


@pytest.mark.parametrize(
    "unit",
    [
        b"1",
        b"1.5e300",
        b"[]",
        b'{"a":1}',
        b'"\\u00e9"',
        b'"' + b"\\n," * 30_000 + b'"',
        b'"' + b"\xc3\xa9" * 30_000 + b'"',
    ],
)
def test_the_longest_bodies_hold_nobody_up(unit: bytes) -> None:
    """2 MiB of numbers or of brackets took up to 0.3 s of everybody's."""
    count = min((2 << 20) // (len(unit) + 1), 700_000)
    data = b'{"y": "\\ud83d\\ude00", "x": [' + b",".join([unit] * count) + b"]}"
    taken = []
    for _ in range(3):
        begun = time.process_time()
        with suppress(Unclear):
            read_text(data)
        taken.append(time.process_time() - begun)

    assert min(taken) < 0.05
