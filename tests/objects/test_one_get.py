"""A GET is answered by what came whole, in time and in a form that has one reading."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest

from portero.objects.one_get import get_once


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    # A Unix socket's address is short; pytest's folders are not.
    monkeypatch.chdir(tmp_path)
    return "d.sock"


@contextmanager
def sending(address: str, *parts: bytes, pause: float = 0.0) -> Iterator[list[bytes]]:
    """Sends parts to whoever connects and closes; the list gets what arrived before."""
    arrived: list[bytes] = []

    def serve() -> None:
        with suppress(OSError):
            connection, _ = server.accept()
            with connection, suppress(OSError):
                arrived.append(connection.recv(65536))
                for part in parts:
                    connection.sendall(part)
                    time.sleep(pause)

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen()
        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield arrived
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def ask(address: str, target: str = "/info", seconds: float = 5.0, longest: int = 100) -> tuple[int, bytes] | None:
    return get_once(address, target, {"X-One": "two"}, seconds, longest, lambda connection: None)


def test_the_request_is_of_the_version_that_has_no_chunks(address: str) -> None:
    with sending(address, b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}") as arrived:
        assert ask(address) == (200, b"{}")

    assert arrived == [b"GET /info HTTP/1.0\r\nHost: localhost\r\nX-One: two\r\n\r\n"]


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\n{}", (200, b"{}")),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length:2\r\nX-Y: z\r\n\r\n[]", (404, b"[]")),
        (b"HTTP/1.1 200\r\nContent-Length: 2 \r\nContent-Length: 2\r\n\r\n{}", (200, b"{}")),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", (200, b"")),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\n" + b" " * 100, (200, b" " * 100)),
        (b"HTTP/1.0 200 OK\r\n\r\n" + b" " * 100, (200, b" " * 100)),
        # No whole answer.
        (b"", None),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n", None),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n{}", None),
        # Longer than it says, or than it may be.
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n{}", None),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 101\r\n\r\n" + b" " * 101, None),
        (b"HTTP/1.0 200 OK\r\n\r\n" + b" " * 101, None),
        (b"HTTP/1.0 200 OK\r\nX: " + b"y" * (70 << 10), None),
        # Another form.
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}", None),
        (b"HTTP/2 200 OK\r\n\r\n{}", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", None),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", None),
        (b"HTTP/1.0 200 OK\r\nContent-Length: -2\r\n\r\n{}", None),
        (b"HTTP/1.0 200 OK\r\nContent-Length: \r\n\r\n{}", None),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2x\r\n\r\n{}", None),
        (b"HTTP/1.0 200 OK\n\n{}", None),
    ],
)
@pytest.mark.parametrize("cut", [False, True])
def test_an_answer_counts_when_it_is_whole(
    address: str, answer: bytes, read: tuple[int, bytes] | None, *, cut: bool
) -> None:
    parts = [answer[:9], answer[9:40], answer[40:]] if cut else [answer]
    with sending(address, *parts, pause=0.002 if cut else 0.0):
        assert ask(address) == read


def test_the_time_counts_for_all_parts_together(address: str) -> None:
    with sending(address, *[b"HTTP/1.0 200 OK\r\n\r\n", *[b" "] * 20], pause=0.02):
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            ask(address, seconds=0.1)

    assert time.monotonic() - began < 1


def test_an_answer_of_a_known_length_is_not_waited_for_longer(address: str) -> None:
    with sending(address, b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", pause=1.0):
        began = time.monotonic()
        assert ask(address) == (200, b"{}")
        assert time.monotonic() - began < 0.5


@pytest.mark.parametrize("target", ["info", "/a b", "/a\r\nX-More: y", "/\u00e4", ""])
def test_a_target_that_is_none_is_not_asked_for(address: str, target: str) -> None:
    with sending(address) as arrived:
        assert ask(address, target) is None

    assert arrived == []


def test_who_listens_is_known_before_anything_is_sent(address: str) -> None:
    def refuse(connection: socket.socket) -> None:
        raise PermissionError

    with sending(address) as arrived, pytest.raises(PermissionError):
        get_once(address, "/info", {}, 1.0, 100, refuse)

    assert arrived == [b""]
