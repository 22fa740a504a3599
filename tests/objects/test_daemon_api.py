"""One GET at a socket: nothing but a whole answer in time counts."""

import socket
import time
from pathlib import Path

import pytest

from portero.objects.daemon_api import get
from portero.objects.own_requests import HEADER, SECRET
from tests.objects.answering import answering, http


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    # A Unix socket's address is short; pytest's folders are not.
    monkeypatch.chdir(tmp_path)
    return "d.sock"


def test_an_answer_has_status_and_body_and_the_request_the_header(address: str) -> None:
    with answering(address, {"/info": http("200 OK", "{}")}) as asked:
        assert get(address, "/info", 1.0, None) == (200, b"{}")

    assert f"{HEADER}: {SECRET}" in asked[0]


@pytest.mark.parametrize("answer", [b"", b"nonsense", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}"])
def test_half_an_answer_is_none(address: str, answer: bytes) -> None:
    with answering(address, {"/info": answer}):
        assert get(address, "/info", 1.0, None) is None


def test_an_answer_that_is_too_long_is_none(address: str) -> None:
    with answering(address, {"/info": http("200 OK", " " * 11)}):
        assert get(address, "/info", 1.0, None, longest=10) is None
        assert get(address, "/info", 1.0, None, longest=11) == (200, b" " * 11)


def test_nothing_listens_or_no_time_is_left(address: str) -> None:
    assert get(address, "/info", 1.0, None) is None
    with answering(address, {"/info": http("200 OK", "{}")}) as asked:
        assert get(address, "/info", 0.0, None) is None

    assert asked == []


def test_a_socket_of_another_user_is_not_asked(address: str) -> None:
    with answering(address, {"/info": http("200 OK", "{}")}) as asked:
        assert get(address, "/info", 1.0, {4711}) is None

    assert asked == []


def test_silence_ends_in_time(address: str) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen()
        began = time.monotonic()

        assert get(address, "/info", 0.05, None) is None
        assert time.monotonic() - began < 1
