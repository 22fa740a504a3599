"""A connection that waits: for the name service, for dockerd; each has its end and its sentence."""

import json
import socket
from collections.abc import Iterator

import pytest

from portero.door.clients import Account, AccountLookup, Stamps
from portero.door.pipes import PipePool
from portero.door.shares import Share
from portero.door.stream import Stream
from portero.door.treating import Surroundings
from tests.door.running import BOOT, KEY

GET = b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n"


class Silent(AccountLookup):
    """A name service that does not answer."""

    def __init__(self) -> None:
        super().__init__(lambda: None)

    def find_account(self, uid: int) -> Account | None:
        return None


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    client, door = socket.socketpair()
    door.setblocking(False)
    client.settimeout(5)
    with client, door:
        yield client, door


def stream(door: socket.socket, uid: int | None, dockerd: str = "/nowhere") -> Stream:
    around = Surroundings(dockerd, Stamps(KEY, BOOT), Silent(), PipePool(), Share(1 << 20))
    return Stream(door, "users", uid, around, lambda one, stream: None, lambda one: None)


def message(client: socket.socket) -> str:
    head, _, content = client.recv(1 << 16).partition(b"\r\n\r\n")
    assert b"\r\nConnection: close" in head
    return str(json.loads(content)["message"]) if content else head.decode()


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
