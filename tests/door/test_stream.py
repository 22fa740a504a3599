"""A connection that waits: for the name service, for dockerd; each has its end and its sentence."""

import socket

from tests.door.one_stream import GET, message, stream


def test_a_name_service_that_is_silent_is_waited_for_and_then_said(pair: tuple[socket.socket, socket.socket]) -> None:
    client, door = pair
    client.send(GET)
    waiting = stream(door, 1000)

    assert waiting.advance() is None
    waiting.give_up()
    assert "did not say in time whose uid 1000 is" in message(client)


def test_a_refusal_of_head_has_no_content(pair: tuple[socket.socket, socket.socket]) -> None:
    client, door = pair
    client.send(GET.replace(b"GET", b"HEAD"))
    stream(door, None).advance()

    assert message(client).startswith("HTTP/1.1 503 Service Unavailable\r\n")
