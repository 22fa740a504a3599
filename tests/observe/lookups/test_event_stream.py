"""dockerd's events as they come, in pieces of any size; an end, or what is none, is an error."""

import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from portero.observe.lookups.event_stream import EventStream

HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n"


@contextmanager
def streaming(address: str, *pieces: bytes) -> Iterator[list[bytes]]:
    """A daemon that closes what is idle, sends these, one after the other, and ends."""
    asked: list[bytes] = []
    listed: list[bytes] = []

    def serve() -> None:
        with suppress(OSError):
            idle, _ = server.accept()
            with idle:
                listed.append(idle.recv(4096))
                idle.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
                connection, _ = server.accept()
            with connection:
                asked.append(connection.recv(4096))
                for piece in pieces:
                    connection.sendall(piece)

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen()
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield asked
    thread.join(5)


def read_all(address: str) -> list[object]:
    found: list[object] = []
    with EventStream(address, 5, lambda connected: None) as events, suppress(ConnectionResetError):
        while True:
            found += [event["Type"] for event in events.read()]
    return found


def test_events_come_whole(address: str) -> None:
    with streaming(address, HEAD + b'{"Type": "a"}\n{"Ty', b'pe": "b"}\n{"Type": "c"}\n') as asked:
        assert read_all(address) == ["a", "b", "c"]

    assert asked[0].startswith(b"GET /events?filters=%7B")
    # dockerd answers before it begins to collect.
    since = int(asked[0].split(b"&since=")[1].split(b" ")[0])
    assert since < time.time()
    assert b"X-Portero-Lookup: " in asked[0]


@pytest.mark.parametrize(
    ("answer", "error"),
    [(b"HTTP/1.0 403 Forbidden\r\n\r\n", ValueError), (b"", ConnectionResetError), (b"x" * (1 << 20), ValueError)],
)
def test_what_is_no_stream_is_an_error(address: str, answer: bytes, error: type[Exception]) -> None:
    with streaming(address, answer), pytest.raises(error):
        EventStream(address, 5, lambda connected: None)


def test_only_the_daemon_is_asked(address: str) -> None:
    def refuse(connected: socket.socket) -> None:
        raise PermissionError

    with streaming(address) as asked, pytest.raises(PermissionError):
        EventStream(address, 5, refuse)
    assert asked in ([], [b""])


def test_what_is_no_event_is_an_error(address: str) -> None:
    with streaming(address, HEAD + b"[]\n"), pytest.raises(ValueError, match="not a JSON object"):
        read_all(address)


def test_that_dockerd_ends_shows_at_an_idle_connection(address: str) -> None:
    with streaming(address, HEAD), EventStream(address, 5, lambda connected: None) as events:
        assert select.select([events.end], (), (), 5)[0] == [events.end]


def test_an_idle_connection_that_answers_otherwise_is_an_error(address: str) -> None:
    def answer() -> None:
        with server.accept()[0] as connection:
            connection.recv(4096)
            connection.sendall(b"nonsense\r\n\r\n")

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen()
        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(ValueError, match="does not answer in HTTP"):
            EventStream(address, 5, lambda connected: None)
