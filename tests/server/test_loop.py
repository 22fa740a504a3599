"""The loop of a worker: requests are answered in line, and nothing that takes long holds up the others."""

import errno
import json
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from portero.host.peer import Peer
from portero.objects.daemon_api import SECRET
from portero.server import connection, loop
from portero.server.app import create
from portero.server.connection import Connection
from portero.server.loop import Loop
from portero.threads import before_lookup, call_before_lookups
from portero.types import JSON
from tests.server.test_connection import HEAD, Judge, request
from tests.waiting import soon


class Stops(Judge):
    """Stands still at some requests, after saying that it will wait or without a word, until it may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.may_go_on = threading.Event()
        self.threads: list[int] = []

    def answer(self, data: bytes, peer: Peer) -> Mapping[str, JSON]:
        self.threads.append(threading.get_ident())
        if data.endswith(b" asks"):
            before_lookup()
        if data.endswith((b" asks", b" hangs")):
            self.may_go_on.wait(60)
        return super().answer(data, peer)


class Asks(Judge):
    """Asks the daemon, twice, and it answers when it may go on; counts how many do so at once."""

    def __init__(self) -> None:
        super().__init__()
        self.may_go_on = threading.Event()
        self.counting = threading.Lock()
        self.asking = self.most = 0

    def answer(self, data: bytes, peer: Peer) -> Mapping[str, JSON]:
        if data.endswith(b" slowly asks"):
            # The lead is taken from this thread.
            time.sleep(0.2)
        if data.endswith(b" asks"):
            before_lookup()
            before_lookup()
            with self.counting:
                self.asking += 1
                self.most = max(self.most, self.asking)
            self.may_go_on.wait(60)
            with self.counting:
                self.asking -= 1
        return super().answer(data, peer)


class FullEpoll:
    """An epoll that has no room for more while `full` says so, as with /proc/sys/fs/epoll/max_user_watches used up."""

    full = False
    make = select.epoll

    def __init__(self) -> None:
        self._epoll = self.make()
        self.unregister = self._epoll.unregister
        self.poll = self._epoll.poll

    def register(self, descriptor: int, events: int) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._epoll.register(descriptor, events)


class Running:
    """A loop with its main thread, and connections to it."""

    def __init__(self, path: Path, judge: Judge, most: int) -> None:
        self.path = path
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(64)
        self.listener.setblocking(False)
        turns = threading.Semaphore(20)

        def connect(client: socket.socket, waits: Callable[[], None]) -> Connection:
            return Connection(client, judge, create(judge), turns, lambda: False, waits)

        self.loop = Loop([self.listener], connect, most)
        call_before_lookups(self.loop.before_lookup)
        self.ended = threading.Event()
        self.opened: list[socket.socket] = []

    def look_after(self) -> None:
        while not self.ended.wait(min(0.01, self.loop.look_after())):
            pass

    def client(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(30)
        client.connect(str(self.path))
        self.opened.append(client)
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
def running(path: Path, judge: Judge, most: int = 100) -> Iterator[Running]:
    served = Running(path / "portero.sock", judge, most)
    main = threading.Thread(target=served.look_after, daemon=True)
    main.start()
    try:
        yield served
    finally:
        for client in served.opened:
            client.close()
        emptied = soon(lambda: not served.loop.connections)
        served.ended.set()
        main.join()
        served.loop.stop_accepting()
        served.listener.close()
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


def test_requests_of_many_connections_are_answered_by_one_thread(tmp_path: Path) -> None:
    judge = Stops()
    with running(tmp_path, judge) as served:
        clients = [served.client() for _ in range(20)]
        for _ in range(3):
            for client in clients:
                client.sendall(request(b"allow"))
            assert all(allowed(client) for client in clients)

    assert len(judge.asked) == 60
    # The lead may be taken from a thread on a busy machine.
    assert max(judge.threads.count(thread) for thread in judge.threads) >= 30


@pytest.mark.parametrize("how", [b"asks", b"hangs"])
def test_a_request_that_waits_holds_up_no_other_and_is_answered_at_its_end(tmp_path: Path, how: bytes) -> None:
    judge = Stops()
    with running(tmp_path, judge) as served:
        waiting = [served.client() for _ in range(5)]
        for client in waiting:
            client.sendall(request(b"allow " + how))
        assert soon(lambda: len(judge.threads) == 5)
        others = [served.ask(b"allow") for _ in range(20)]
        judge.may_go_on.set()

        assert others == [True] * 20
        assert [allowed(client) for client in waiting] == [True] * 5
        for client in waiting:
            client.sendall(request(b"allow"))
        assert [allowed(client) for client in waiting] == [True] * 5


@pytest.mark.parametrize(
    "body",
    [b"allow asks", b"allow slowly asks", b"allow" + b" " * (1 << 17) + b"asks"],
    ids=["at once", "after a while", "in a large request"],
)
def test_more_lookups_than_are_done_at_once_wait_for_one_to_end_and_hold_up_no_other(
    body: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_PATIENCE", 60.0)
    judge = Asks()
    with running(tmp_path, judge) as served:
        clients = served.send([body] * 20)
        assert soon(lambda: judge.asking == 8)
        # Long enough for the others to ask as well.
        time.sleep(1)
        assert [served.ask(b"allow") for _ in range(20)] == [True] * 20
        assert judge.most == 8
        judge.may_go_on.set()

        assert [allowed(client) for client in clients] == [True] * 20


def test_lookups_go_on_after_a_while_though_none_of_the_others_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_PATIENCE", 0.1)
    judge = Asks()
    with running(tmp_path, judge) as served:
        clients = served.send([b"allow asks"] * 20)

        assert soon(lambda: judge.asking == 20)
        judge.may_go_on.set()
        assert [allowed(client) for client in clients] == [True] * 20
        # Each that was taken is free again, and no more.
        judge.may_go_on.clear()
        monkeypatch.setattr(loop, "_PATIENCE", 60.0)
        for client in clients:
            client.sendall(request(b"allow asks"))
        assert soon(lambda: judge.asking == 8)
        assert served.ask(b"allow")
        assert judge.asking == 8
        judge.may_go_on.set()
        assert [allowed(client) for client in clients] == [True] * 20


def test_requests_about_our_own_lookups_are_answered_first_and_then_the_others_as_they_came(tmp_path: Path) -> None:
    judge = Stops()
    with running(tmp_path, judge) as served:
        clients = [served.client() for _ in range(6)]
        for client in clients:
            client.sendall(request(b"allow"))
            assert allowed(client)
        judge.asked.clear()
        served.ended.set()  # nobody takes the lead from the thread that stands still
        bodies = [b"allow hangs", b"allow 1", b"allow 2", b"allow 3", b"allow " + SECRET.encode(), b"allow 4"]
        for client, body in zip(clients, bodies, strict=True):
            client.sendall(request(body))
            assert soon(lambda: len(judge.threads) > len(clients))
        judge.may_go_on.set()

        assert [allowed(client) for client in clients] == [True] * 6
    assert judge.asked == [bodies[0], bodies[4], bodies[1], bodies[2], bodies[3], bodies[5]]


def test_they_are_so_too_when_they_come_over_new_connections_behind_many_others(tmp_path: Path) -> None:
    judge = Stops()
    with running(tmp_path, judge) as served:
        served.ended.set()  # nobody takes the lead from the thread that stands still
        hanging = served.client()
        hanging.sendall(request(b"allow hangs"))
        assert soon(lambda: len(judge.threads) == 1)
        bodies = [*(b"allow %d" % number for number in range(20)), b"allow " + SECRET.encode()]
        clients = served.send(bodies)
        judge.may_go_on.set()

        assert [allowed(client) for client in clients] == [True] * 21
    assert judge.asked == [b"allow hangs", bodies[-1], *bodies[:-1]]


def test_what_comes_after_a_request_that_waits_is_not_read_before_its_answer(tmp_path: Path) -> None:
    judge = Stops()
    with running(tmp_path, judge) as served:
        client = served.client()
        client.sendall(request(b"allow hangs"))
        assert soon(lambda: len(judge.threads) == 1)
        assert served.ask(b"allow")
        client.sendall(request(b"no"))
        assert served.ask(b"allow")
        asked = list(judge.asked)
        judge.may_go_on.set()

        assert allowed(client)
        assert not allowed(client)
    assert b"no" not in asked


def test_a_client_that_hangs_up_while_its_request_waits_costs_nobody_anything(tmp_path: Path) -> None:
    judge = Stops()
    with running(tmp_path, judge) as served:
        client = served.client()
        client.sendall(request(b"allow asks"))
        assert soon(lambda: len(judge.threads) == 1)
        client.close()
        assert served.ask(b"allow")
        judge.may_go_on.set()

        assert soon(lambda: len(served.loop.connections) == 1)
        assert served.ask(b"allow")


def test_half_requests_take_no_threads_and_end_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_ARRIVES_WITHIN", 3)
    judge = Stops()
    with running(tmp_path, judge) as served:
        assert served.ask(b"allow")
        before = threading.active_count()
        clients = [served.client() for _ in range(60)]
        for client in clients:
            client.sendall(HEAD + b"Content-Length: 100\r\n\r\nallow")
        assert all(served.ask(b"allow") for _ in range(20))
        assert threading.active_count() <= before + 4

        assert [client.recv(1) for client in clients] == [b""] * 60
        assert served.ask(b"allow")


def test_a_client_that_does_not_read_its_answer_holds_up_no_other(tmp_path: Path) -> None:
    with running(tmp_path, Judge()) as served:
        for _ in range(5):
            served.client().sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")

        assert all(served.ask(b"allow") for _ in range(20))


def test_connections_beyond_the_most_wait_for_one_to_end(tmp_path: Path) -> None:
    with running(tmp_path, Judge(), most=3) as served:
        clients = served.send([b"allow"] * 6)
        assert [allowed(client) for client in clients[:3]] == [True] * 3
        clients[3].settimeout(0.3)
        with pytest.raises(TimeoutError):
            clients[3].recv(1)
        for client in clients[:3]:
            client.close()
        clients[3].settimeout(30)

        assert [allowed(client) for client in clients[3:]] == [True] * 3


def test_an_error_in_a_connection_ends_it_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Fails(Judge):
        def failure(self) -> Mapping[str, JSON]:
            raise RuntimeError("in the last resort")

    with running(tmp_path, Fails()) as served:
        client = served.client()
        client.sendall(request(b"fail"))

        with suppress(ConnectionResetError):
            assert client.recv(1) == b""
        assert served.ask(b"allow")
    assert "RuntimeError: in the last resort" in caplog.text


@pytest.fixture
def full_epoll(monkeypatch: pytest.MonkeyPatch) -> type[FullEpoll]:
    monkeypatch.setattr(FullEpoll, "full", False)
    monkeypatch.setattr(select, "epoll", FullEpoll)
    return FullEpoll


def test_a_connection_is_closed_when_no_further_request_can_be_waited_for(
    tmp_path: Path, full_epoll: type[FullEpoll], caplog: pytest.LogCaptureFixture
) -> None:
    judge = Stops()
    with running(tmp_path, judge) as served:
        client = served.client()
        client.sendall(request(b"allow asks"))
        assert soon(lambda: len(judge.threads) == 1)
        full_epoll.full = True
        judge.may_go_on.set()

        assert allowed(client)
        assert client.recv(1) == b""
        fresh = served.client()
        assert fresh.recv(1) == b""
        full_epoll.full = False
        assert served.ask(b"allow")
    assert "its requests cannot be waited for: No space left on device" in caplog.text
    assert "internal error" not in caplog.text


def test_connections_are_accepted_again_when_they_can_be_waited_for(
    tmp_path: Path, full_epoll: type[FullEpoll]
) -> None:
    with running(tmp_path, Judge(), most=1) as served:
        first = served.client()
        first.sendall(request(b"allow"))
        assert allowed(first)
        second = served.client()
        second.sendall(request(b"allow"))
        full_epoll.full = True
        # Longer than accepting pauses.
        time.sleep(0.3)
        full_epoll.full = False
        first.close()

        assert allowed(second)


def test_a_connection_that_is_being_accepted_at_the_end_is_known_and_answered(tmp_path: Path) -> None:
    accepting, may_go_on = threading.Event(), threading.Event()

    class Slow(socket.socket):
        def accept(self) -> tuple[socket.socket, Any]:
            accepting.set()
            may_go_on.wait(30)
            return super().accept()

    judge = Judge()
    with Slow(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        listener.bind(str(tmp_path / "slow.sock"))
        listener.listen()
        ending = Loop(
            [listener],
            lambda made, waits: Connection(made, judge, create(judge), threading.Semaphore(1), lambda: True, waits),
            10,
        )
        ending.look_after()
        client.settimeout(30)
        client.connect(str(tmp_path / "slow.sock"))
        assert accepting.wait(30)
        stop = threading.Thread(target=ending.stop_accepting)
        stop.start()
        # As the main thread does, which ends when no connection is left.
        stop.join(0.5)
        has_stopped, known = not stop.is_alive(), len(ending.connections)
        may_go_on.set()
        stop.join()

        assert not has_stopped or known == 1
        assert len(ending.connections) == 1
        client.sendall(request(b"allow"))
        assert allowed(client)
        assert soon(lambda: not ending.connections)


@pytest.mark.parametrize(("first_all", "most", "accepted"), [(False, 10, 0), (True, 10, 3), (True, 2, 2)])
def test_at_the_end_all_that_wait_are_accepted_where_nobody_else_will(
    tmp_path: Path, first_all: bool, most: int, accepted: int
) -> None:
    served = Running(tmp_path / "portero.sock", Judge(), most)
    clients = served.send([b"allow"] * 3)

    served.loop.stop_accepting(first_all=first_all)

    assert len(served.loop.connections) == accepted
    served.listener.close()
    served.loop.look_after()
    assert all(allowed(client) for client in clients[:accepted])
    for client in served.opened:
        client.close()
    assert soon(lambda: not served.loop.connections)


def test_a_main_thread_with_nothing_to_look_after_sleeps_until_the_next_request(tmp_path: Path) -> None:
    judge = Judge()
    with running(tmp_path, judge) as served:
        assert served.ask(b"allow")
        assert soon(lambda: served.loop.look_after() > 1)
        served.ended.set()
        time.sleep(0.1)
        assert soon(lambda: served.loop.look_after() > 1)

        assert served.ask(b"allow")
        assert served.loop.look_after() < 1
