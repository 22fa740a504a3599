"""Connections to dockerd are kept for the next lookup: a slow one delays no other, and a closed one is opened anew."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import pytest

from portero.observe.dockerd.api import TimedRequests
from portero.observe.dockerd.connection_pool import ConnectionPool
from portero.observe.process.threads import call_before_wait
from tests.observe.dockerd.test_api import get
from tests.unix_server import Handler, serving
from tests.waiting import wait_until

SLOW = threading.Event()


class Dockerd(Handler):
    """/slow waits, /bye is the last that a connection answers, /part answers by halves. Each says what is asked."""

    opened: ClassVar[list[socket.socket]] = []

    def setup(self) -> None:
        super().setup()
        self.opened.append(self.request)

    def respond(self) -> None:
        if self.path == "/slow":
            SLOW.wait(10)
        self.close_connection = self.path in ("/bye", "/part")
        if self.path == "/part":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n[")
        else:
            self.reply(f'[{{"path": "{self.path}"}}]'.encode())


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ConnectionPool]:
    # A Unix socket's address is short; pytest's folders are not.
    monkeypatch.chdir(tmp_path)
    SLOW.clear()
    Dockerd.opened = []
    connections = ConnectionPool()
    with serving("d.sock", Dockerd):
        yield connections
        SLOW.set()
    connections.close()


def ask(kept: ConnectionPool, target: str, seconds: float = 5.0) -> tuple[int, bytes] | None:
    return get("d.sock", target, seconds, {os.getuid()}, kept=kept)


def answer(target: str) -> tuple[int, bytes]:
    return 200, f'[{{"path": "{target}"}}]'.encode()


def test_one_connection_serves_lookups_and_lists_one_after_the_other(kept: ConnectionPool) -> None:
    assert [ask(kept, f"/{number}") for number in range(3)] == [answer(f"/{number}") for number in range(3)]
    lists = TimedRequests(["d.sock"], None, pool=kept).get_lists("/networks", {"path": None})

    assert [*lists] == [(200, [{"path": "/networks"}])]
    assert len(Dockerd.opened) == 1


def test_slow_answers_delay_nobody_and_four_are_kept(kept: ConnectionPool) -> None:
    with ThreadPoolExecutor(12) as pool:
        slow = [pool.submit(ask, kept, "/slow") for _ in range(6)]
        while len(Dockerd.opened) < 6:
            time.sleep(0.01)
        began = time.monotonic()
        others = [pool.submit(ask, kept, f"/{number}") for number in range(3)]
        assert [one.result() for one in others] == [answer(f"/{number}") for number in range(3)]
        assert time.monotonic() - began < 2
        SLOW.set()
        assert [one.result() for one in slow] == [answer("/slow")] * 6
    opened = len(Dockerd.opened)
    idle = [kept.take("d.sock") for _ in range(5)]

    assert opened <= 9
    assert [one is None for one in idle] == [False] * 4 + [True]
    for one in idle[:4]:
        one.close()


def test_one_that_has_no_answer_in_time_is_not_kept(kept: ConnectionPool) -> None:
    ask(kept, "/")
    assert ask(kept, "/slow", 0.1) is None
    assert kept.take("d.sock") is None
    assert ask(kept, "/after") == answer("/after")


@pytest.mark.parametrize("way", ["closed after its answer", "reset", "half an answer"])
def test_a_connection_that_is_closed_meanwhile_is_opened_anew_once(kept: ConnectionPool, way: str) -> None:
    if way == "half an answer":
        ask(kept, "/")
        assert ask(kept, "/part") is None
        assert kept.take("d.sock") is None
    elif way == "reset":
        ask(kept, "/")
        Dockerd.opened[0].shutdown(socket.SHUT_RDWR)
    else:
        assert ask(kept, "/bye") == answer("/bye")
    before = len(Dockerd.opened)

    assert ask(kept, "/after") == answer("/after")
    assert len(Dockerd.opened) == before + 1


def test_another_process_at_the_socket_is_looked_at_anew(kept: ConnectionPool) -> None:
    assert ask(kept, "/bye") == answer("/bye")
    assert get("d.sock", "/", 5.0, {4711}, kept=kept) is None


def test_a_daemon_that_is_started_anew_is_asked_and_one_that_is_gone_is_not(
    kept: ConnectionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkdir("other")
    monkeypatch.chdir("other")
    with serving("d.sock", Dockerd):
        assert ask(kept, "/bye") == answer("/bye")
    assert ask(kept, "/") is None
    os.unlink("d.sock")
    assert ask(kept, "/") is None
    with serving("d.sock", Dockerd):
        assert ask(kept, "/") == answer("/")


def test_a_wait_is_announced_each_time(kept: ConnectionPool) -> None:
    announced: list[str] = []

    def lead() -> None:
        call_before_wait(lambda: announced.append("wait"))
        ask(kept, "/")
        announced.append("asked")
        ask(kept, "/")

    thread = threading.Thread(target=lead)
    thread.start()
    thread.join()

    assert announced == ["wait", "asked", "wait"]


def test_no_descriptor_stays(kept: ConnectionPool) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for target in ("/", "/bye", "/part", "/slow") * 5:
        ask(kept, target, 0.05)
    SLOW.set()
    kept.close()
    ask(kept, "/")

    wait_until(lambda: len(os.listdir("/proc/self/fd")) <= before, "descriptors to be closed")
