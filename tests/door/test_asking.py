"""An answer to what the door asks for itself: whole, or none."""

import socket

import pytest

from portero.decide.ownership.list_shapes import entries
from portero.door.asking import Exchange, read_answer
from portero.door.filtered_answer import FilteredAnswer
from portero.door.treatment import Answered, Ask


def test_a_request_of_the_doors_own_is_stamped_and_answered() -> None:
    dockerd, door = socket.socketpair()
    door.setblocking(False)
    with dockerd, door:
        exchange = Exchange(door, Ask("POST", "/volumes/create", b"{}", 100), "X-Portero-Door: stamp")
        assert exchange.move() is None
        with pytest.raises(BlockingIOError):
            exchange.move()
        seen = dockerd.recv(1000)
        dockerd.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}")
        dockerd.close()
        assert exchange.move() is None
        assert exchange.move() == Answered(201, b"{}")

    assert seen.startswith(b"POST /volumes/create HTTP/1.1\r\nHost: docker\r\n")
    assert seen.endswith(b"\r\nX-Portero-Door: stamp\r\nConnection: close\r\n\r\n{}")


def test_after_the_end_of_a_filtered_answer_nothing_is_read() -> None:
    dockerd, door = socket.socketpair()
    with dockerd, door:
        answer = FilteredAnswer(entries(lambda entry: entry), "/services")
        exchange = Exchange(door, Ask("GET", "/services", b"", 1000, answer), "X-Portero-Door: stamp")
        exchange.move()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n"
        dockerd.sendall(head + b"[]")
        assert exchange.move() == Answered(200, b"[]")


def test_answers_are_read_whole() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n"
    assert read_answer(chunked, "GET") == Answered(200, b"[]")
    for broken in (b"", b"SSH-2.0\r\n", chunked[:-9], b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[]"):
        with pytest.raises(ValueError, match="no answer in HTTP"):
            read_answer(broken, "GET")
