"""One leader for all connections: nothing that waits or takes long holds up the others."""

import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from portero.decide.interfaces.daemon import Peer
from portero.decide.values.json_fields import JSON
from portero.observe.process.threads import announce_wait
from portero.serve.server import connection_loop, http_connection
from portero.serve.server.connection_loop import ConnectionLoop
from portero.serve.server.http_connection import Connection
from portero.serve.server.status_pages import create_pages
from tests.serve.server.test_http_connection import HEAD, Judge, request
from tests.waiting import soon


class Stops(Judge):
    """Stands still at some requests until it may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.may_go_on = threading.Event()
        self.threads: list[int] = []

    def answer(self, data: bytes, peer: Peer) -> Mapping[str, JSON]:
        self.threads.append(threading.get_ident())
        if data.endswith(b" asks"):
            announce_wait()
        if data.endswith((b" hangs", b" asks")):
            self.may_go_on.wait(60)
        return super().answer(data, peer)


class Running:
    """A loop, looked after as by the main thread, and connections to it."""

    def __init__(self, judge: Judge, most: int) -> None:
        turns = threading.Semaphore(20)

        def connect(client: socket.socket) -> Connection:
            return Connection(client, judge, create_pages(judge), turns, lambda: False)

        self.loop = ConnectionLoop(connect, most)
        self.opened: list[socket.socket] = []

    def client(self) -> socket.socket:
        client, served = socket.socketpair()
        client.settimeout(30)
        self.opened.append(client)
        assert soon(self.loop.has_room)
        self.loop.serve(served)
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
        emptied = soon(lambda: not served.loop.connections)
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


def assert_one_thread_answers(served: Running, judge: Stops) -> None:
    del judge.threads[:]
    assert [served.ask(b"allow") for _ in range(10)] == [True] * 10
    assert len({*judge.threads}) == 1


def test_one_thread_answers_all_connections_and_a_few_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_loop, "_CAREFUL_TIMES", 0)  # on a busy machine an answer is slow
    judge = Stops()
    before = {*threading.enumerate()}
    with running(judge) as served:
        clients = [served.client() for _ in range(20)]
        for _ in range(3):
            for client in clients:
                client.sendall(request(b"allow"))
            assert all(allowed(client) for client in clients)

    assert len({*judge.threads}) == 1
    assert len({*threading.enumerate()} - before) == 5


def test_what_waits_for_another_process_holds_up_no_other_for_a_moment() -> None:
    judge = Stops()
    before = {*threading.enumerate()}
    with running(judge) as served:
        began = time.monotonic()
        waiting = served.send([b"allow asks"] * 20)
        assert soon(lambda: len(judge.threads) == 20)
        others = [served.ask(b"allow") for _ in range(20)]
        took = time.monotonic() - began
        judge.may_go_on.set()

        assert others == [True] * 20
        assert [allowed(client) for client in waiting] == [True] * 20
        # The leader was never looked after: 21 that wait for that would take a second each.
        assert took < 10
        assert len({*judge.threads}) == 21
    assert soon(lambda: len({*threading.enumerate()} - before) <= 5)


def test_a_request_that_hangs_holds_up_no_other_and_is_answered_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_loop, "_HELD_UP_AFTER", 0.1)
    judge = Stops()
    with running(judge) as served:
        # The first holds up the leader; then each has a thread, and so have those that come later.
        waiting = served.send([b"allow hangs"])
        assert soon(lambda: len(judge.threads) == 1)
        time.sleep(0.1)
        assert served.loop.has_room()
        waiting += served.send([b"allow hangs"] * 19)
        assert soon(lambda: len(judge.threads) == 20)
        others = [served.ask(b"allow") for _ in range(20)]
        judge.may_go_on.set()

        assert others == [True] * 20
        assert [allowed(client) for client in waiting] == [True] * 20
        assert len({*judge.threads[:20]}) == 20


def test_after_a_slow_answer_a_request_that_hangs_holds_up_no_other_for_a_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection_loop, "_SLOW", 0.0)
    monkeypatch.setattr(connection_loop, "_CAREFUL_TIMES", 1e9)
    judge = Stops()
    with running(judge) as served:
        assert served.ask(b"allow")
        # The leader was never looked after.
        (held,) = served.send([b"allow hangs"])
        assert soon(lambda: len(judge.threads) == 2)
        assert served.ask(b"allow")
        judge.may_go_on.set()
        assert allowed(held)


def test_a_leader_is_no_longer_careful_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_loop, "_HELD_UP_AFTER", 0.1)
    monkeypatch.setattr(connection_loop, "_MAX_CAREFUL", 0.5)
    monkeypatch.setattr(connection_loop, "_CAREFUL_TIMES", 0)
    judge = Stops()
    with running(judge) as served:
        (held,) = served.send([b"allow hangs"])
        assert soon(lambda: len(judge.threads) == 1)
        time.sleep(0.1)
        served.loop.has_room()
        judge.may_go_on.set()
        assert allowed(held)
        time.sleep(0.5)

        assert_one_thread_answers(served, judge)


def test_after_an_answer_that_was_a_little_slow_a_leader_is_soon_no_longer_careful(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection_loop, "_SLOW", 0.02)
    monkeypatch.setattr(connection_loop, "_CAREFUL_TIMES", 5)
    judge = Stops()
    with running(judge) as served:
        (slow,) = served.send([b"allow hangs"])
        assert soon(lambda: len(judge.threads) == 1)
        time.sleep(0.05)
        judge.may_go_on.set()
        assert allowed(slow)
        assert soon(lambda: served.loop._careful_until)
        until = served.loop._careful_until

        assert until - time.monotonic() < 30
        assert soon(lambda: time.monotonic() > until)
        monkeypatch.setattr(connection_loop, "_SLOW", 60.0)
        assert_one_thread_answers(served, judge)


def test_a_client_that_hangs_up_while_its_request_waits_costs_nobody_anything() -> None:
    judge = Stops()
    with running(judge) as served:
        (client,) = served.send([b"allow asks"])
        assert soon(lambda: len(judge.threads) == 1)
        client.close()
        assert served.ask(b"allow")
        judge.may_go_on.set()

        assert soon(lambda: len(served.loop.connections) == 1)
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
        assert not served.loop.has_room()
        clients[0].close()

        assert soon(served.loop.has_room)


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


def test_without_room_for_a_thread_what_waits_may_have_to_wait_for_its_turn(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    judge = Stops()
    with running(judge) as served, monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", fail)
        waiting = served.send([b"allow asks"] * 4)
        assert soon(lambda: len(judge.threads) == 4)
        # The fifth thread leads, and answers what should have a thread: after a slow answer, and what is large.
        monkeypatch.setattr(connection_loop, "_SLOW", 0.0)
        assert [served.ask(b"allow"), served.ask(b"allow"), served.ask(b"allow" + b"x" * (1 << 17))] == [True] * 3
        waiting += served.send([b"allow asks"])
        (late,) = served.send([b"allow"])
        judge.may_go_on.set()

        assert allowed(late)
        assert [allowed(client) for client in waiting] == [True] * 5
    assert caplog.text.count("requests may have to wait: can't start new thread") == 1


def test_another_leader_follows_one_that_failed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failures = [MemoryError("on demand"), MemoryError("on demand")]

    def fail(connection: Connection, seconds: float | None = None) -> None:
        if failures:
            raise failures.pop()

    monkeypatch.setattr(Connection, "hang_up_if_idle", fail)
    monkeypatch.setattr(connection_loop, "_LOOKS_EVERY", 0.05)
    with running(Judge()) as served:
        client = served.client()
        assert soon(lambda: not failures)
        client.sendall(request(b"allow"))
        assert allowed(client)
    assert caplog.text.count("MemoryError: on demand") == 2


def test_idle_connections_are_closed_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "_IDLE", 0.2)
    monkeypatch.setattr(connection_loop, "_LOOKS_EVERY", 0.1)
    with running(Judge()) as served:
        idle = [served.client() for _ in range(3)]
        assert served.ask(b"allow")

        assert [client.recv(1) for client in idle] == [b""] * 3
        assert soon(lambda: not served.loop.connections)
