"""What several tests of one connection begin with."""

import socket
from collections.abc import Iterator

import pytest


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A client, and the door's end of its connection."""
    client, door = socket.socketpair()
    door.setblocking(False)
    client.settimeout(5)
    with client, door:
        yield client, door
