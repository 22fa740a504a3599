"""What a client gets before dockerd is asked: time for its head, a sentence, and lines that end in one way."""

import json
import socket
from collections.abc import Iterator

import pytest

from portero.door.clients import AccountLookup, Stamps
from portero.door.pipes import PipePool
from portero.door.shares import Share
from portero.door.stream import Stream
from portero.door.treating import Surroundings
from tests.door.running import BOOT, KEY

GET = b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n"


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    client, door = socket.socketpair()
    door.setblocking(False)
    client.settimeout(5)
    with client, door:
        yield client, door


def stream(door: socket.socket, uid: int | None, dockerd: str = "/nowhere") -> Stream:
    around = Surroundings(dockerd, Stamps(KEY, BOOT), AccountLookup(lambda: None), PipePool(), Share(1 << 20))
    return Stream(door, "users", uid, around, lambda one, stream: None, lambda one: None)


def message(client: socket.socket) -> str:
    head, _, content = client.recv(1 << 16).partition(b"\r\n\r\n")
    assert b"\r\nConnection: close" in head
    return str(json.loads(content)["message"]) if content else head.decode()


def test_a_client_that_sends_no_head_ends_in_silence(pair: tuple[socket.socket, socket.socket]) -> None:
    client, door = pair
    waiting = stream(door, None)
    idle_until = waiting.until
    client.send(GET[:9])

    assert [waiting.advance(), waiting.advance()] == [True, None]
    # From its first byte on a head has 30 s, however slowly it comes; before that as long as at dockerd.
    until = waiting.until
    assert until is not None
    assert until < (idle_until or 0) - 200
    client.send(GET[9:10])
    waiting.advance()
    assert waiting.until == until
    assert waiting.give_up() is False


def test_who_goes_on_sending_after_a_refusal_is_not_heard_for_long(pair: tuple[socket.socket, socket.socket]) -> None:
    client, door = pair
    client.send(b"x\r\n\r\n" + b"y" * 1000)
    refused = stream(door, None)
    refused.advance()

    assert "400" not in message(client)
    assert refused.until is not None
    assert refused.give_up() is False


@pytest.mark.parametrize(
    ("head", "answer"),
    [
        # Jenkins' docker-plugin (DockerComputerAttachConnector.java) writes them so, by println.
        (b"POST /exec/1/start HTTP/1.1\nHost: docker.sock\nUpgrade: tcp\nConnection: Upgrade\n\n{}", 503),
        (b"GET / HTTP/1.1\nHost: d\r\n\r\n\n\n", 400),
        (b"GET / HTTP/1.1\r\nHost: d\nX: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\n\tHost: d\nHost: d\n\n", 400),
        (b"\nGET / HTTP/1.1\nHost: d\n\n", 400),
        (b"PRI * HTTP/2.0\n\nSM\n\n", 505),
    ],
)
@pytest.mark.parametrize("piece", [1, 1000])
def test_lines_end_in_one_way(head: bytes, answer: int, piece: int, pair: tuple[socket.socket, socket.socket]) -> None:
    client, door = pair
    begun = stream(door, None)
    for at in range(0, len(head), piece):
        client.send(head[at : at + piece])
        begun.advance()

    assert client.recv(1 << 16).startswith(f"HTTP/1.1 {answer} ".encode())
