"""A worker among gunicorn's processes: its end, the end of its master, and what happens when descriptors run out."""

import errno
import os
import resource
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.server.running import Server, started
from tests.waiting import soon


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    path = tmp_path / "portero.sock"
    with started(["-m", "stand_in", str(path)], path) as running:
        yield running


def is_gone(process: int) -> bool:
    with suppress(FileNotFoundError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


def has_begun(worker: int) -> bool:
    """Whether it waits for connections, which is the last that it does at its begin."""
    with suppress(FileNotFoundError):  # it closes some on the way
        return any("eventpoll" in os.readlink(file) for file in Path(f"/proc/{worker}/fd").iterdir())
    return False


def test_a_question_on_an_idle_connection_is_answered_while_the_process_ends(server: Server) -> None:
    connection = server.connection()
    connection.ask("POST", "/Plugin.Activate")
    server.process.send_signal(signal.SIGTERM)
    time.sleep(0.5)

    connection.request("POST", "/AuthZPlugin.AuthZReq", b"{}")
    answer = connection.getresponse()

    assert (answer.status, answer.headers["Connection"]) == (200, "close")
    assert b'"Allow": true' in answer.read()
    assert server.stop() == (0, "")


def test_idle_connections_do_not_hold_up_the_end(server: Server) -> None:
    connection = server.connection()
    connection.ask("POST", "/Plugin.Activate")
    began = time.monotonic()

    assert server.stop() == (0, "")
    assert time.monotonic() - began < 10
    connection.close()


def test_workers_end_at_once_with_a_master_that_was_killed(server: Server) -> None:
    assert soon(lambda: len(server.workers()) == 2)
    workers = server.workers()
    server.process.send_signal(signal.SIGKILL)
    server.process.wait(timeout=30)

    assert soon(lambda: all(is_gone(worker) for worker in workers))


def test_a_killed_master_leaves_no_listener_behind_though_a_request_takes_long(server: Server) -> None:
    connection = server.connection()
    connection.request("POST", "/AuthZPlugin.AuthZReq", b"wait 4")
    time.sleep(0.2)
    server.process.send_signal(signal.SIGKILL)
    server.process.wait(timeout=30)

    def is_refused() -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(server.socket)) == errno.ECONNREFUSED

    assert soon(is_refused, patience=3)
    assert connection.getresponse().status == 200


def test_a_worker_that_has_nothing_to_do_does_not_wake_up(server: Server) -> None:
    assert soon(lambda: len(server.workers()) == 2)

    def stays_asleep() -> bool:
        before = [wakes(worker) for worker in server.workers()]
        time.sleep(3)
        return [wakes(worker) for worker in server.workers()] == before

    assert soon(stays_asleep)


def wakes(worker: int) -> int:
    """How often the threads of a process have gone to sleep."""
    statuses = [task.read_text() for task in Path(f"/proc/{worker}/task").glob("*/status")]
    return sum(int(status.partition("\nvoluntary_ctxt_switches:")[2].split()[0]) for status in statuses)


def test_memory_is_given_back_soon_after_a_large_request_and_seldom_otherwise(tmp_path: Path) -> None:
    path, given_back = tmp_path / "portero.sock", tmp_path / "given-back"
    code = (
        "import runpy\n"
        "from portero.server import worker\n"
        "def note():\n"
        "    with open('given-back', 'a') as file: file.write('x')\n"
        "worker.give_back = note\n"
        "runpy.run_module('stand_in', run_name='__main__')\n"
    )
    with started(["-c", code, str(path)], path) as server:
        server.ask("POST", "/AuthZPlugin.AuthZReq", b"x" * 1000)
        time.sleep(1.5)
        assert not given_back.exists()

        server.ask("POST", "/AuthZPlugin.AuthZReq", b"x" * 100_000)
        assert soon(given_back.exists, 5)


def test_a_long_judgement_leaves_the_interpreter_to_others_each_millisecond(server: Server) -> None:
    assert server.ask("POST", "/AuthZPlugin.AuthZReq", b"switch interval") == (200, {"Allow": True, "Msg": "0.001"})


def test_connections_wait_when_there_is_no_descriptor_for_them(server: Server) -> None:
    assert soon(lambda: len(server.workers()) == 2)
    workers = server.workers()
    for worker in workers:
        used = len(os.listdir(f"/proc/{worker}/fd"))
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (used + 4, used + 4))
    connections = [server.connection() for _ in range(30)]
    for connection in connections:
        connection.connect()
    time.sleep(0.5)
    for connection in connections:
        connection.close()

    assert server.ask("POST", "/AuthZPlugin.AuthZReq", b"{}")[1]["Allow"] is True
    assert server.workers() == workers
    assert "no connection can be accepted: Too many open files" in server.stop()[1]


def test_requests_wait_when_no_thread_can_be_started(server: Server) -> None:
    assert soon(lambda: len(server.workers()) == 2)
    workers = server.workers()
    (server.socket.parent / "no-threads").touch()
    connections = [server.connection() for _ in range(30)]
    for connection in connections:
        # More than there are threads that wait for the lead.
        connection.request("POST", "/AuthZPlugin.AuthZReq", b"wait 1")
    time.sleep(2.5)
    (server.socket.parent / "no-threads").unlink()

    assert [connection.getresponse().status for connection in connections] == [200] * 30
    assert server.workers() == workers
    for connection in connections:
        connection.close()
    assert "requests may have to wait: can't start new thread" in server.stop()[1]


def test_requests_are_answered_at_the_end_though_no_thread_can_be_started(server: Server) -> None:
    assert soon(lambda: len(server.workers()) == 2)
    (server.socket.parent / "no-threads").touch()
    connections = [server.connection() for _ in range(6)]
    for connection in connections:
        connection.request("POST", "/AuthZPlugin.AuthZReq", b"wait 1")
    time.sleep(0.3)

    assert server.stop()[0] == 0
    assert [connection.getresponse().status for connection in connections] == [200] * 6
    for connection in connections:
        connection.close()


def test_a_worker_that_cannot_be_made_is_made_later(server: Server) -> None:
    assert soon(lambda: len(server.workers()) == 2)
    (server.socket.parent / "no-processes").touch()
    first = server.workers()[0]
    os.kill(first, signal.SIGKILL)
    assert soon(lambda: is_gone(first) and len(server.workers()) == 1)
    time.sleep(1.5)
    assert server.ask("POST", "/AuthZPlugin.AuthZReq", b"{}")[1]["Allow"] is True
    (server.socket.parent / "no-processes").unlink()

    assert soon(lambda: len(server.workers()) == 2)
    assert "cannot start a worker: Resource temporarily unavailable" in server.stop()[1]


def test_a_worker_that_cannot_begin_ends_no_other_and_is_made_later(server: Server) -> None:
    assert soon(lambda: [has_begun(worker) for worker in server.workers()] == [True, True])
    (server.socket.parent / "no-files").touch()
    first, other = server.workers()
    os.kill(first, signal.SIGKILL)
    time.sleep(2.5)
    assert other in server.workers()
    assert server.ask("POST", "/AuthZPlugin.AuthZReq", b"{}")[1]["Allow"] is True
    (server.socket.parent / "no-files").unlink()

    assert soon(lambda: len([one for one in server.workers() if not is_gone(one)]) == 2)
    time.sleep(1.5)
    status, errors = server.stop()
    assert status == 0
    # Tried each second, not without pause.
    assert 1 <= errors.count("Exception in worker process") <= 6


def test_a_worker_shows_that_it_lives_while_a_question_takes_long(server: Server) -> None:
    connection = server.connection()
    # A worker closes the file of the one before it soon after it was made.
    assert soon(lambda: [len(files_of_beats(worker)) for worker in server.workers()] == [1, 1])
    connection.request("POST", "/AuthZPlugin.AuthZReq", b"wait 6")
    asked = time.time()

    # The other worker has no reason to wake up before half a minute is over.
    assert soon(lambda: any(beat(worker) > asked + 1.5 for worker in server.workers()), patience=5.9)
    assert connection.getresponse().status == 200
    connection.close()


def beat(worker: int) -> float:
    """When the worker last touched the file by which gunicorn's master knows that it lives."""
    (file,) = files_of_beats(worker)
    found = file.stat()
    return max(found.st_atime, found.st_mtime, found.st_ctime)


def files_of_beats(worker: int) -> list[Path]:
    return [name for name in Path(f"/proc/{worker}/fd").iterdir() if "wgunicorn" in target(name)]


def target(descriptor: Path) -> str:
    """What a descriptor stands for; nothing when it was closed since the folder was listed."""
    with suppress(FileNotFoundError):
        return os.readlink(descriptor)
    return ""
