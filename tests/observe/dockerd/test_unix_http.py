"""A connection to a Unix socket has one deadline, however the peer behaves."""

import socket
import time
from contextlib import closing
from threading import Thread

import pytest

from portero.observe.dockerd.unix_http import UnixConnection


def test_where_nothing_listens_is_an_error(address: str) -> None:
    with closing(UnixConnection(address, 1)) as connection, pytest.raises(FileNotFoundError):
        connection.request("GET", "/")


def test_a_peer_that_sends_a_byte_now_and_then_meets_the_deadline(address: str) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen()

        def drip() -> None:
            peer, _ = server.accept()
            with peer:
                for byte in b"HTTP/1.1 200 OK\r\n" + b"A" * 200:
                    try:
                        peer.sendall(bytes([byte]))
                    except OSError:
                        return
                    time.sleep(0.02)

        thread = Thread(target=drip, daemon=True)
        thread.start()
        started = time.monotonic()
        with closing(UnixConnection(address, 0.2)) as connection:
            connection.request("GET", "/")
            with pytest.raises(TimeoutError):
                connection.getresponse()
        took = time.monotonic() - started
        thread.join(5)

    assert 0.15 < took < 2
