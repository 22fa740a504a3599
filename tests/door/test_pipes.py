"""Bytes through pipes: in order, whole, with the end of one half; none is held while nothing is under way."""

import os
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from portero.door.pipes import Direction, Pipe, Pipes
from portero.door.shares import Client


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, Direction, socket.socket]]:
    """Who sends, the direction between, who receives."""
    sender, source = socket.socketpair()
    target, receiver = socket.socketpair()
    with sender, source, target, receiver:
        for one in (sender, source, target):
            one.setblocking(False)
        receiver.settimeout(5)
        yield sender, Direction(source, target, Pipes(), "x", b"first"), receiver


def test_what_comes_first_is_first_and_an_end_is_passed(ends: tuple[socket.socket, Direction, socket.socket]) -> None:
    sender, direction, receiver = ends
    sender.send(b" and more")
    sender.shutdown(socket.SHUT_WR)
    while direction.move():
        pass

    assert direction.done
    assert not direction.fails
    assert receiver.recv(100, socket.MSG_WAITALL) == b"first and more"


def test_what_a_slow_receiver_leaves_waits_in_a_pipe(ends: tuple[socket.socket, Direction, socket.socket]) -> None:
    sender, direction, receiver = ends
    data, sent, received = os.urandom(4 << 20), 0, b""
    while len(received) < len(data) + 5:
        with suppress(BlockingIOError):
            sent += sender.send(data[sent : sent + (1 << 18)])
        direction.move()
        # Another direction has an empty pipe meanwhile.
        pipe = direction.pipes.take("x")
        with pytest.raises(BlockingIOError):
            os.read(pipe[0], 1)
        direction.pipes.close("x", pipe)
        if sent == len(data) or sent % 3 == 0:
            received += receiver.recv(1 << 17)

    assert received == b"first" + data
    direction.drop()


def test_a_receiver_that_is_gone_ends_the_direction(ends: tuple[socket.socket, Direction, socket.socket]) -> None:
    sender, direction, receiver = ends
    receiver.close()
    sender.send(b"x")
    direction.move()

    assert (direction.done, direction.fails) == (True, True)


class Counting(Pipes):
    """Knows how many were taken, and how many of them were closed."""

    taken, closed = 0, 0

    def take(self, client: Client) -> Pipe | None:
        self.taken += 1
        return super().take(client)

    def close(self, client: Client, pipe: Pipe) -> None:
        self.closed += 1
        super().close(client, pipe)


def test_what_is_short_needs_no_pipe_and_none_is_held_when_all_has_gone(
    ends: tuple[socket.socket, Direction, socket.socket],
) -> None:
    sender, direction, receiver = ends
    direction.pipes = pipes = Counting()
    for size, needs_one in ((1, False), (60_000, False), (1 << 16, True), (100_000, True)):
        data, received, before = os.urandom(size), b"", pipes.taken
        sender.send(data)
        while not received.endswith(data):
            direction.move()
            received += receiver.recv(1 << 20)
        assert (pipes.taken > before) is needs_one
        assert pipes.taken == pipes.closed


class Doubling:
    """Gives twice what comes, and ends with an exclamation mark."""

    held = 0

    def __init__(self) -> None:
        self.ended = False

    def feed(self, data: bytes) -> bytes:
        self.ended = b"!" in data
        return data * 2

    def end(self) -> bytes:
        return b"."


def test_a_filter_says_what_goes_instead(ends: tuple[socket.socket, Direction, socket.socket]) -> None:
    sender, direction, receiver = ends
    direction.filter = Doubling()
    for data in (b"a", b"b!", b"c"):
        sender.send(data)
        while direction.move():
            pass

    assert receiver.recv(100) == b"firstaab!b!"
    assert direction.done
    assert direction.is_cut


def test_who_has_no_pipe_left_passes_on_what_waits_at_the_source(
    ends: tuple[socket.socket, Direction, socket.socket],
) -> None:
    sender, direction, receiver = ends
    while direction.pipes.take("x") is not None:
        pass
    data, sent, received = os.urandom(2 << 20), 0, b""
    while len(received) < len(data) + 5:
        if sent < len(data):
            with suppress(BlockingIOError):
                sent += sender.send(data[sent : sent + (1 << 18)])
        direction.move()
        # Nothing waits here: what the receiver cannot take yet, the source keeps.
        assert direction.held <= 5
        received += receiver.recv(1 << 17)

    assert received == b"first" + data
    sender.shutdown(socket.SHUT_WR)
    while not direction.done:
        direction.move()
    assert receiver.recv(1) == b""
