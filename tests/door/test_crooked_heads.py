"""Some thousand crooked heads through a door; `make heads` sends a million. What would be wrong is found."""

import random
import socket
from collections import Counter

import pytest

from portero.door import request_head
from portero.door.stamps import Stamps

from .crooked_heads import Fault, Sent, bench, check, make_sent
from .running import ANSWER, BOOT, KEY

GET = b"GET / HTTP/1.1\r\nHost: d\r\n\r\n"


def test_whatever_comes_dockerd_gets_one_request_with_one_stamp_or_nothing() -> None:
    chance, counts = random.Random(1), Counter[str]()
    with bench() as door:
        for _ in range(4000):
            sent = make_sent(chance)
            counts[check(sent, *door.send(sent))] += 1

    # Each way is tried in earnest.
    assert counts["passed"] > 1000
    assert counts["refused"] > 1000


STAMP = f"X-Portero-Door: {Stamps(KEY, BOOT).make_stamp('traefik', '', (), 1e9)}".encode()
TAKEN = b"\r\n".join((b"GET / HTTP/1.1", b"Host: d", STAMP, b"Connection: close", b"", b""))


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (STAMP, b"X: a", "too often"),
        (STAMP, b"x_portero_door: a\r\n" + STAMP, "too often"),
        (STAMP, STAMP + b"\r\n" + STAMP, "too often"),
        (STAMP, b"TE: trailers\r\n" + STAMP, "too often"),
        (STAMP, b"X-Portero-Token: a\r\n" + STAMP, "connection or token"),
        (b"close", b"keep-alive", "connection or token"),
        (b"Host: d", b"Host: d\r\n\tX: a", "two ways"),
        (b"Host: d", b"Host: d\r\nContent-Length: 1\r\nTransfer-Encoding: chunked", "a body"),
        (b" / HTTP", b" http://d/ HTTP", "request line"),
        (b"\r\n\r\n", b"\r\n\r\n" + GET, "other bytes"),
    ],
)
def test_what_must_not_reach_dockerd_is_noticed(old: bytes, new: bytes, fault: str) -> None:
    sent = Sent("traefik", GET, 0)
    assert check(sent, [TAKEN], ANSWER) == "passed"
    for seen, answer in (([TAKEN.replace(old, new)], ANSWER), ([TAKEN, TAKEN], ANSWER), ([], ANSWER)):
        with pytest.raises(Fault, match=f"{fault}|connections|not the door's"):
            check(sent, seen, answer)
    with pytest.raises(Fault, match="another door"):
        check(Sent("users", GET, 0), [TAKEN], ANSWER)


def test_a_door_that_keeps_what_a_client_forges_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_head, "_DROPPED", frozenset({"connection"}))
    sent = Sent("traefik", GET.replace(b"Host: d", b"Host: d\r\nx_Portero-door: forged"), 9)
    with bench() as door, pytest.raises(Fault, match="too often"):
        check(sent, *door.send(sent))


def test_a_connection_that_does_not_end_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.door.crooked_heads._SECONDS", 0.2)
    monkeypatch.setattr(socket.socket, "shutdown", lambda self, how: None)
    with bench() as door, pytest.raises(Fault, match="end"):
        door.send(Sent("traefik", GET, 5))
