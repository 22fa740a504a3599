"""Answers of a dockerd, true and crooked, in pieces: what is another's never passes."""

import gc
import json
import weakref
from random import Random
from typing import Any

import pytest

from portero.decide.ownership.own_lists import Viewer, make_shape
from portero.door.filtered_answer import FilteredAnswer

HEAD = b"HTTP/1.1 200 OK\r\nApi-Version: 1.45\r\nContent-Type: application/json\r\n"
MINE, HIS = {"Id": "1", "Labels": {"owner": "alicia"}}, {"Id": "2", "Labels": {"owner": "bob"}}
VIEWER = Viewer("owner", frozenset({"alicia"}), {})
LIST = json.dumps([HIS, MINE, HIS]).encode()


def chunked(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (*parts, b""))


def sized(body: bytes) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


def pass_on(data: bytes, piece: int, operation: str = "ContainerList", limit: int = 0) -> tuple[bytes, bool]:
    """What a client gets, and whether the answer had its end."""
    shape = make_shape(operation, VIEWER, limit)
    answer = FilteredAnswer(shape, "/containers/json", is_stream=operation == "SystemEvents")
    out = b"".join(answer.feed(data[at : at + piece]) for at in range(0, len(data), piece))
    return out + answer.end(), answer.ended


def read(answer: bytes) -> tuple[bytes, bytes]:
    """The head and the body of an answer in chunks that is whole."""
    head, _, rest = answer.partition(b"\r\n\r\n")
    body = b""
    while True:
        size, _, rest = rest.partition(b"\r\n")
        count = int(size, 16)
        body, rest = body + rest[:count], rest[count + 2 :]
        if not count:
            assert rest == b""
            return head, body


@pytest.mark.parametrize("piece", [1, 7, 64, 1 << 16])
@pytest.mark.parametrize(
    "answer",
    [
        sized(LIST),
        sized(LIST + b"\n"),
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(LIST[:50], LIST[50:]),
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(*(LIST[at : at + 1] for at in range(len(LIST)))),
        HEAD + b"\r\n" + LIST,
    ],
    ids=["length", "line end", "chunks", "small chunks", "up to the end"],
)
def test_what_is_anothers_is_not_there(answer: bytes, piece: int) -> None:
    head, body = read(pass_on(answer, piece)[0])

    assert json.loads(body) == [MINE]
    assert b"Api-Version: 1.45\r\n" in head
    assert b"Content-Length" not in head


def test_a_list_may_be_empty_null_or_all_anothers() -> None:
    for body, seen in ((b"[]", []), (b"null\n", None), (b" [ ] ", []), (json.dumps([HIS] * 3).encode(), [])):
        assert json.loads(read(pass_on(sized(body), 3)[0])[1]) == seen


def test_an_error_passes_as_it_came() -> None:
    answer = b'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 15\r\n\r\n{"message":"x"}'

    assert pass_on(answer, 5)[0] == answer


CROOKED = {
    "two lengths": HEAD + b"Content-Length: 4\r\nContent-Length: %d\r\n\r\n" % len(LIST) + LIST,
    "length and chunks": HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(LIST),
    "other coding": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + chunked(LIST),
    "gzip": HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00",
    "hundred": b"HTTP/1.1 100 Continue\r\n\r\n" + sized(LIST),
    "204": sized(LIST).replace(b"200 OK", b"206 Partial"),
    "HTTP/1.0": sized(LIST).replace(b"HTTP/1.1", b"HTTP/1.0"),
    "no head": LIST,
    "folded": sized(LIST).replace(b"Api-Version: 1.45\r\n", b"Api-Version:\r\n 1.45\r\n"),
    "long head": b"HTTP/1.1 200 OK\r\nX: " + b"x" * (70 << 10) + b"\r\n\r\n" + LIST,
    "text": sized(LIST).replace(b"application/json", b"text/plain"),
    "no type": b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(LIST) + LIST,
    "not JSON": sized(b"<html>bob</html>"),
    "object": sized(json.dumps(HIS).encode()),
    "texts": sized(b'["bob"]'),
    "nested": sized(json.dumps([[HIS]]).encode()),
    "number": sized(b"12"),
    "chunk that lies": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"4\r\n" + LIST + b"\r\n0\r\n\r\n",
    "chunk with more": HEAD
    + b"Transfer-Encoding: chunked\r\n\r\n"
    + b"%x;x=y\r\n" % len(LIST)
    + LIST
    + b"\r\n0\r\n\r\n",
    "chunk without size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"-5\r\n" + LIST,
    "chunk of spaces": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b" " * 100 + LIST,
}


@pytest.mark.parametrize("piece", [1, 64, 1 << 20])
@pytest.mark.parametrize("name", CROOKED)
def test_what_cannot_be_read_is_not_passed_on(name: str, piece: int) -> None:
    answer, ended = pass_on(CROOKED[name], piece)

    assert ended
    assert b"bob" not in answer
    assert b"alicia" not in answer
    # Before the first byte the client is told; after it, the connection breaks.
    assert answer.startswith(b"HTTP/1.1 502 ") or (answer.startswith(HEAD[:15]) and not answer.endswith(b"0\r\n\r\n"))


LATE: dict[str, bytes] = {
    "truncated": sized(LIST)[:-2],
    "truncated chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(LIST))[:-5],
    "no end of chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(LIST))[:-7],
    "cut entry": HEAD + b"\r\n" + LIST[:-1],
    "two lists": sized(LIST + LIST),
    "more": HEAD + b"Content-Length: %d\r\n\r\n" % (len(LIST) + 3) + LIST + b"bob",
    "brackets": sized(LIST[:-2] + b"]}]"),
    "entry that is none": sized(json.dumps([MINE, "bob", HIS]).encode()),
    "trailer": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(LIST)[:-2] + b"X: bob\r\n\r\n",
}


@pytest.mark.parametrize("piece", [1, 64, 1 << 20])
@pytest.mark.parametrize("name", LATE)
def test_an_answer_that_goes_wrong_late_has_no_end(name: str, piece: int) -> None:
    answer, ended = pass_on(LATE[name], piece)

    assert ended
    assert b"bob" not in answer
    assert answer.startswith(b"HTTP/1.1 502 ") or not answer.endswith(b"0\r\n\r\n")


def test_a_second_answer_behind_the_first_is_not_passed_on() -> None:
    for first in (sized(LIST), HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(LIST)):
        assert b"bob" not in pass_on(first + sized(b'{"x": "bob"}'), 1 << 20)[0]
        assert b"bob" not in pass_on(first + sized(b'{"x": "bob"}'), 11)[0]


def test_a_name_twice_is_what_the_client_reads_too() -> None:
    body = b'[{"Id": "3", "Labels": {"owner": "bob"}, "Labels": {"owner": "alicia", "owner": "alicia"}}]'

    assert b"bob" not in pass_on(sized(body), 9)[0]
    twice = b'{"Volumes": [], "Volumes": [{"Labels": {"owner": "bob"}}]}'
    assert b"bob" not in pass_on(sized(twice), 9, "VolumeList")[0]


@pytest.mark.parametrize("shown", [MINE, HIS])
def test_an_entry_of_5_mib_is_left_out(shown: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    large = {**shown, "Labels": {**shown["Labels"], "x": "y" * (5 << 20)}}
    body = json.dumps([MINE, large, {"x": "}]" * 9 + '\\"' * 9}, MINE]).encode()

    assert json.loads(read(pass_on(sized(body), 1 << 16)[0])[1]) == [MINE, MINE]
    assert "left out" in caplog.text
    many = {**shown, "Labels": {**shown["Labels"], **{f"l{number}": "" for number in range(200_000)}}}
    assert json.loads(read(pass_on(sized(json.dumps([many, MINE]).encode()), 1 << 16)[0])[1]) == [MINE]


def test_a_list_has_no_bound_as_a_whole() -> None:
    large = {**MINE, "Labels": {"owner": "alicia", "x": "y" * (1 << 20)}}
    part = json.dumps(large).encode() + b"," + json.dumps({**large, "Labels": {"owner": "bob"}}).encode()
    shape = make_shape("ContainerList", VIEWER)
    answer = FilteredAnswer(shape, "/containers/json")
    seen = len(answer.feed(HEAD + b"\r\n[" + part))
    for _ in range(64):
        out = answer.feed(b"," + part)
        seen += len(out)
        assert b"bob" not in out
        assert answer.held < 1 << 20
    assert answer.feed(b"]")
    assert answer.end() == b"0\r\n\r\n"
    assert seen > 64 << 20


@pytest.mark.parametrize("separator", [b"", b"\n", b"\n\x1e"])
def test_events_pass_line_by_line(separator: bytes) -> None:
    """The head first: clients wait for it."""
    shape = make_shape("SystemEvents", VIEWER)
    answer = FilteredAnswer(shape, "/events", is_stream=True)
    events = [
        {"Type": "container", "Actor": {"Attributes": {"owner": "alicia"}}},
        {"Type": "container", "Actor": {"Attributes": {"owner": "bob"}}},
        {"Type": "image", "Actor": {"ID": "busybox", "Attributes": {}}},
        *(
            {"Type": kind, "Actor": {"ID": "bobs"}}
            for kind in ("volume", "network", "builder", "secret", "plugin", "x")
        ),
    ]

    assert answer.feed(HEAD + b"Transfer-Encoding: chunked\r\n\r\n").startswith(b"HTTP/1.1 200 OK")
    out = [
        answer.feed(b"%x\r\n%s\r\n" % (len(line), line))
        for line in (json.dumps(e).encode() + separator for e in events)
    ]
    assert [bool(each) for each in out] == [True, False, True, *[False] * 6]
    assert json.loads(out[0].split(b"\r\n")[1]) == events[0]
    assert answer.feed(b"0\r\n\r\n") == b"0\r\n\r\n"
    assert answer.ended


def test_what_is_held_goes_with_the_answer() -> None:
    gc.disable()
    try:
        answer = FilteredAnswer(make_shape("ContainerList", VIEWER), "/containers/json")
        answer.feed(HEAD + b'Content-Length: 99\r\n\r\n[{"Id":')
        held = weakref.ref(answer)
        del answer
        assert held() is None
    finally:
        gc.enable()


def test_a_limit_counts_what_is_seen() -> None:
    body = json.dumps([HIS, {**MINE, "Id": "a"}, HIS, {**MINE, "Id": "b"}, {**MINE, "Id": "c"}]).encode()

    assert [one["Id"] for one in json.loads(read(pass_on(sized(body), 9, limit=2)[0])[1])] == ["a", "b"]


def test_of_ten_thousand_answers_none_has_what_is_anothers() -> None:
    chance = Random(59)
    texts = ("bob", '"bob', "bob\\", "}]bob", "bo\nb", "[{bob", "é bob")
    for _ in range(10_000):
        entries = [
            {"Id": chance.choice(texts), "Labels": {"owner": "bob", chance.choice(texts): chance.choice(texts)}}
            if chance.random() < 0.6
            else {"Id": str(chance.random()), "Labels": {"x": chance.choice(("]}", '"', "[{")), "owner": "alicia"}}
            for _ in range(chance.randrange(5))
        ]
        own = [one for one in entries if one["Labels"]["owner"] == "alicia"]
        body = json.dumps(entries, ensure_ascii=chance.random() < 0.5).encode()
        cut = chance.randrange(len(body) + 1)
        answer = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(*filter(None, (body[:cut], body[cut:])))
        seen = read(pass_on(answer, chance.randrange(1, 200))[0])[1]
        assert json.loads(seen) == own
        # Cut anywhere, it has no end, and still nothing of another's.
        got, _ended = pass_on(answer[: chance.randrange(len(answer))], 64)
        assert b"bob" not in got
