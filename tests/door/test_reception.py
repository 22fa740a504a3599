"""What a client gets before dockerd is asked: time for its head, a sentence, and lines that end in one way."""

import socket

import pytest

from tests.door.one_stream import GET, message, stream


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
