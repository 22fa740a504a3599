"""Workers that wait accept connections in turns; none is accepted during a pause, nor after the end."""

import errno
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from portero.server.accepting import PAUSE, Accepting


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "worker.sock"))
        made.listen()
        made.setblocking(False)
        yield made


def connect(listener: socket.socket) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.connect(listener.getsockname())
    return client


def test_the_workers_that_wait_take_turns(listener: socket.socket) -> None:
    taken: list[str] = []
    ended = threading.Event()

    def work(name: str) -> None:
        with select.epoll() as epoll:
            accepting = Accepting(epoll, [listener], lambda: None)
            while not ended.is_set():
                for descriptor, _ in epoll.poll(0.5):
                    client = accepting.accept(descriptor)
                    if client is not None:
                        taken.append(name)
                        client.close()

    workers = [threading.Thread(target=work, args=(name,)) for name in "ABC"]
    with ExitStack() as ends:
        for worker in workers:
            worker.start()
            ends.callback(worker.join)
        ends.callback(ended.set)
        time.sleep(0.2)
        for number in range(30):
            if min(taken.count(name) for name in "ABC") >= 3:
                break
            ends.enter_context(connect(listener))
            limit = time.monotonic() + 10
            while len(taken) == number and time.monotonic() < limit:
                time.sleep(0.005)
            # Until it waits again.
            time.sleep(0.02)

    # Any of them may just not wait on a busy machine, and then another one does its work.
    assert min(taken.count(name) for name in "ABC") >= 3


def test_connections_wait_during_a_pause(listener: socket.socket) -> None:
    paused: list[None] = []
    with select.epoll() as epoll, connect(listener):
        accepting = Accepting(epoll, [listener], lambda: paused.append(None))
        accepting.pause()
        assert accepting.is_paused
        assert epoll.poll(0) == []

        now = time.monotonic()
        accepting.go_on(now)
        assert accepting.is_paused
        accepting.go_on(now + 2 * PAUSE)
        assert not accepting.is_paused
        ((descriptor, _),) = epoll.poll(5)
        client = accepting.accept(descriptor)

        assert client is not None
        client.close()
        assert accepting.accept(descriptor) is None
    assert len(paused) == 1


def test_after_the_end_none_is_accepted(listener: socket.socket) -> None:
    with select.epoll() as epoll, connect(listener):
        accepting = Accepting(epoll, [listener], lambda: None)
        accepting.stop()
        accepting.go_on(time.monotonic() + 3600)

        # Nothing is to go on.
        assert not accepting.is_paused
        assert epoll.poll(0) == []
        assert accepting.accept(listener.fileno()) is None


def test_a_connection_that_cannot_be_accepted_waits(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Fails(socket.socket):
        def accept(self) -> tuple[socket.socket, object]:
            raise OSError(errno.EMFILE, "Too many open files")

    with Fails(socket.AF_UNIX) as listener, select.epoll() as epoll:
        listener.bind(str(tmp_path / "worker.sock"))
        listener.listen()
        accepting = Accepting(epoll, [listener], lambda: None)

        assert accepting.accept(listener.fileno()) is None
        assert accepting.is_paused
    assert "no connection can be accepted: Too many open files" in caplog.text


def test_a_listener_that_cannot_be_waited_for_any_more_is_taken_up_again(listener: socket.socket) -> None:
    class Full:
        """An epoll that has room for a listener once."""

        full = False

        def __init__(self) -> None:
            self.made = select.epoll()
            self.unregister = self.made.unregister

        def register(self, descriptor: int, events: int) -> None:
            if self.full:
                raise OSError(errno.ENOSPC, "No space left on device")
            self.made.register(descriptor, events)

    epoll = Full()
    with epoll.made, connect(listener), connect(listener):
        accepting = Accepting(epoll, [listener], lambda: None)  # type: ignore[arg-type]
        epoll.full = True
        first = accepting.accept(listener.fileno())
        assert first is not None
        first.close()
        assert accepting.is_paused

        accepting.go_on(time.monotonic() + 1)
        assert accepting.is_paused
        epoll.full = False
        accepting.go_on(time.monotonic() + 1)

        assert not accepting.is_paused
        assert len(epoll.made.poll(5)) == 1
