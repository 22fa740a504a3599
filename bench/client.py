"""Asks a plugin as dockerd does, over kept-alive connections, and takes the time."""

import itertools
import select
import selectors
import socket
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
_PATIENCE = 60
_PIECE = 1 << 16
# The container that the creates of the bench name.
NAME = b"shop-web-000000000"
_NUMBERS = itertools.count(1)


class Connection:
    """One kept-alive connection."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(_PATIENCE)
        self.socket.connect(str(path))
        self._received = b""

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def ask(self, request: bytes) -> bytes:
        """Send the request, give the body of the answer."""
        self.socket.sendall(request)
        while (answer := self.received()) is None:
            pass
        return answer

    def received(self) -> bytes | None:
        """Receive once; the body of the answer when it is there in whole."""
        piece = self.socket.recv(_PIECE)
        if not piece:
            raise ConnectionError("the server hung up")
        self._received += piece
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end:
            return None
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or b"0")
        if len(body) < length:
            return None
        self._received = b""
        return body


def turns(names: Collection[T], rounds: int) -> Iterator[T]:
    """A B C, C B A, and so on: what else the machine does hits all alike."""
    for number in range(rounds):
        yield from (names if number % 2 == 0 else reversed([*names]))


def others(request: bytes) -> Iterator[bytes]:
    """The request without end, each time with a name that no request had before, where it names a container."""
    while True:
        yield request.replace(NAME, b"shop-web-%09d" % next(_NUMBERS))


def latencies(path: Path, request: bytes, seconds: float) -> list[float]:
    """Ask many times over one connection; the time that each took, in milliseconds."""
    found: list[float] = []
    requests = others(request)
    with Connection(path) as connection:
        connection.ask(request)
        end = time.perf_counter() + seconds
        while len(found) < 3 or time.perf_counter() < end:
            request = next(requests)
            began = time.perf_counter()
            connection.ask(request)
            found.append((time.perf_counter() - began) * 1000)
    return found


def pairs(path: Path, asked: Sequence[tuple[bytes, bytes]], seconds: float) -> int:
    """Ask before and after, in turn, for so long; how many pairs it were."""
    done = 0
    each = [(others(before), after) for before, after in asked]
    with Connection(path) as connection:
        end = time.perf_counter() + seconds
        while not done or time.perf_counter() < end:
            for before, after in each:
                connection.ask(next(before))
                connection.ask(after)
            done += len(asked)
    return done


def throughput(path: Path, request: bytes, connections: int, seconds: float) -> float:
    """Answers per second when so many connections each wait for an answer all the time."""
    with ExitStack() as stack, selectors.DefaultSelector() as waiting:
        for _ in range(connections):
            opened = stack.enter_context(Connection(path))
            opened.ask(request)
            opened.socket.sendall(request)
            waiting.register(opened.socket, selectors.EVENT_READ, opened)
        began = time.perf_counter()
        done = sum(_answers(waiting, request, began + seconds))
        return done / (time.perf_counter() - began)


def _answers(waiting: selectors.BaseSelector, request: bytes, end: float) -> Iterator[int]:
    while time.perf_counter() < end:
        for key, _ in waiting.select(_PATIENCE):
            connection: Connection = key.data
            if connection.received() is not None:
                connection.socket.sendall(request)
                yield 1


def _alternate(asked: Sequence[tuple[bytes, bytes]]) -> Iterator[bytes]:
    each = [(others(before), after) for before, after in asked]
    while True:
        for before, after in each:
            yield next(before)
            yield after


def pairs_of_many(path: Path, asked: Sequence[tuple[bytes, bytes]], connections: int, seconds: float) -> float:
    """Pairs per second when so many connections each ask before and after, one pair after the other.

    Each begins at another pair. This client is lean, since it shares the processors with what it measures.
    """
    with ExitStack() as stack, select.epoll() as waiting:
        opened: dict[int, tuple[Connection, Iterator[bytes]]] = {}
        for number in range(connections):
            connection = stack.enter_context(Connection(path))
            first = number % len(asked)
            requests = _alternate([*asked[first:], *asked[:first]])
            opened[connection.socket.fileno()] = connection, requests
            connection.ask(next(requests))
            waiting.register(connection.socket, select.EPOLLIN)
        began = time.perf_counter()
        end, done = began + seconds, 0
        for connection, requests in opened.values():
            connection.socket.sendall(next(requests))
        while not done or time.perf_counter() < end:
            for descriptor, _ in waiting.poll(_PATIENCE):
                connection, requests = opened[descriptor]
                if connection.received() is not None:
                    done += 1
                    connection.socket.sendall(next(requests))
        return done / 2 / (time.perf_counter() - began)
