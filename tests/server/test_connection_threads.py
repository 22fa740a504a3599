"""A thread for each connection: nothing that takes long holds up the others."""

import json
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from portero.dockerd.peer import Peer
from portero.server import http_connection
from portero.server.connection_threads import ConnectionThreads
from portero.server.http_connection import Connection
from portero.server.status_pages import create_pages
from portero.values.json_types import JSON
from tests.server.test_http_connection import HEAD, Judge, request
from tests.waiting import soon


class Stops(Judge):
    """Stands still at some requests until it may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.may_go_on = threading.Event()
        self.threads: list[int] = []

    def answer(self, data: bytes, peer: Peer) -> Mapping[str, JSON]:
        self.threads.append(threading.get_ident())
        if data.endswith(b" hangs"):
            self.may_go_on.wait(60)
        return super().answer(data, peer)


class Running:
    """Threads that serve, and connections to them."""

    def __init__(self, judge: Judge, most: int) -> None:
        turns = threading.Semaphore(20)

        def connect(client: socket.socket) -> Connection:
            return Connection(client, judge, create_pages(judge), turns, lambda: False)

        self.threads = ConnectionThreads(connect, most)
        self.opened: list[socket.socket] = []

    def client(self) -> socket.socket:
        client, served = socket.socketpair()
        client.settimeout(30)
        self.opened.append(client)
        assert soon(self.threads.has_room)
        self.threads.serve(served)
        return client

    def send(self, bodies: Sequence[bytes]) -> list[socket.socket]:
        """Ask each over a new connection, and wait for no answer."""
        clients = [self.client() for _ in bodies]
        for client, body in zip(clients, bodies, strict=True):
            client.sendall(request(body))
        return clients

    def ask(self, body: bytes) -> bool:
        """Ask over a new connection, and wait for the answer."""
        return allowed(*self.send([body]))


@contextmanager
def running(judge: Judge, most: int = 100) -> Iterator[Running]:
    served = Running(judge, most)
    try:
        yield served
    finally:
        for client in served.opened:
            client.close()
        emptied = soon(lambda: not served.threads.connections)
    assert emptied


def allowed(client: socket.socket) -> bool:
    """Reads one answer and nothing after it."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = client.recv(1)
        assert piece, "hung up"
        head += piece
    length = int(head.partition(b"Content-Length: ")[2].split(b"\r\n")[0])
    document: dict[str, Any] = json.loads(client.recv(length, socket.MSG_WAITALL))
    return document["Allow"] is True


def test_each_connection_has_its_thread_and_a_few_wait_for_the_next_one() -> None:
    judge = Stops()
    before = threading.active_count()
    with running(judge) as served:
        clients = [served.client() for _ in range(20)]
        for _ in range(3):
            for client in clients:
                client.sendall(request(b"allow"))
            assert all(allowed(client) for client in clients)

    assert [judge.threads.count(thread) for thread in {*judge.threads}] == [3] * 20
    assert soon(lambda: threading.active_count() <= before + 4)


def test_a_request_that_hangs_holds_up_no_other_and_is_answered_at_its_end() -> None:
    judge = Stops()
    with running(judge) as served:
        waiting = served.send([b"allow hangs"] * 20)
        assert soon(lambda: len(judge.threads) == 20)
        others = [served.ask(b"allow") for _ in range(20)]
        judge.may_go_on.set()

        assert others == [True] * 20
        assert [allowed(client) for client in waiting] == [True] * 20


def test_a_client_that_hangs_up_while_its_request_waits_costs_nobody_anything() -> None:
    judge = Stops()
    with running(judge) as served:
        (client,) = served.send([b"allow hangs"])
        assert soon(lambda: len(judge.threads) == 1)
        client.close()
        assert served.ask(b"allow")
        judge.may_go_on.set()

        assert soon(lambda: len(served.threads.connections) == 1)
        assert served.ask(b"allow")


def test_half_requests_hold_up_no_other_and_end_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "_ARRIVES_WITHIN", 3)
    with running(Judge()) as served:
        clients = [served.client() for _ in range(60)]
        for client in clients:
            client.sendall(HEAD + b"Content-Length: 100\r\n\r\nallow")
        assert all(served.ask(b"allow") for _ in range(20))

        assert [client.recv(1) for client in clients] == [b""] * 60
        assert served.ask(b"allow")


def test_a_client_that_does_not_read_its_answer_holds_up_no_other() -> None:
    with running(Judge()) as served:
        for _ in range(5):
            served.client().sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")

        assert all(served.ask(b"allow") for _ in range(20))


def test_there_is_no_room_beyond_the_most_until_one_ends() -> None:
    with running(Judge(), most=3) as served:
        clients = served.send([b"allow"] * 3)
        assert [allowed(client) for client in clients] == [True] * 3
        assert not served.threads.has_room()
        clients[0].close()

        assert soon(served.threads.has_room)


def test_an_error_in_a_connection_ends_it_alone(caplog: pytest.LogCaptureFixture) -> None:
    class Fails(Judge):
        def failure(self) -> Mapping[str, JSON]:
            raise RuntimeError("in the last resort")

    with running(Fails()) as served:
        client = served.client()
        client.sendall(request(b"fail"))

        with suppress(ConnectionResetError):
            assert client.recv(1) == b""
        assert served.ask(b"allow")
    assert "RuntimeError: in the last resort" in caplog.text


def test_without_room_for_a_thread_a_few_connections_are_served_and_others_wait(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with running(Judge()) as served:
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", fail)
            clients = served.send([b"allow"] * 4)
            assert [allowed(client) for client in clients] == [True] * 4
            assert not served.threads.has_room()
            # At the end all are taken, and each is served when another one has ended.
            client, last = socket.socketpair()
            served.opened.append(client)
            served.threads.serve(last)
            client.sendall(request(b"allow"))
            clients[0].close()
            assert allowed(client)
        assert soon(served.threads.has_room)
    assert caplog.text.count("requests may have to wait: can't start new thread") == 1
