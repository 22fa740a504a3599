"""The process that decides: its end, the end of its arbiter, and what happens when the system has no room for more."""

import errno
import os
import resource
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.serve.server.running import Server, serve_stand_in, started
from tests.waiting import soon

server = pytest.fixture(serve_stand_in)


STAND_IN = "import stand_in; from portero.serve.server import gunicorn_worker; "


def is_gone(process: int) -> bool:
    with suppress(FileNotFoundError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


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


def test_a_decider_ends_at_once_with_an_arbiter_that_was_killed(server: Server) -> None:
    process = server.decider()
    server.process.send_signal(signal.SIGKILL)
    server.process.wait(timeout=30)

    assert soon(lambda: is_gone(process))


def test_a_killed_arbiter_leaves_its_place_to_another_portero_though_a_request_takes_long(server: Server) -> None:
    def is_refused() -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(server.socket)) == errno.ECONNREFUSED

    with server.asking(b"wait 4") as (connection,):
        time.sleep(0.2)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait(timeout=30)

        assert soon(is_refused, patience=3)
        with started(["-m", "stand_in", str(server.socket)], server.socket) as other:
            assert other.allows()
            assert connection.getresponse().status == 200


def test_a_decider_that_has_nothing_to_do_wakes_up_for_its_heartbeat_alone(server: Server) -> None:
    worker = server.decider()

    def count_wakes() -> int:
        before = wakes(worker)
        time.sleep(3)
        return wakes(worker) - before

    assert any(count_wakes() <= 2 for _ in range(20))


def wakes(worker: int) -> int:
    """How often the threads of a process have gone to sleep."""
    statuses = [task.read_text() for task in Path(f"/proc/{worker}/task").glob("*/status")]
    return sum(int(status.partition("\nvoluntary_ctxt_switches:")[2].split()[0]) for status in statuses)


def test_memory_is_given_back_soon_after_a_large_request_and_seldom_otherwise(tmp_path: Path) -> None:
    path, given_back = tmp_path / "portero.sock", tmp_path / "given-back"
    code = STAND_IN + "gunicorn_worker.give_back = lambda: open('given-back', 'a').write('x'); stand_in.main()"
    with started(["-c", code, str(path)], path) as server:
        server.ask("POST", "/AuthZPlugin.AuthZReq", b"x" * 1000)
        time.sleep(1.5)
        assert not given_back.exists()

        connection = server.connection()
        connection.ask("POST", "/AuthZPlugin.AuthZReq", b"x")
        connection.ask("POST", "/AuthZPlugin.AuthZReq", b"x" * 100_000)
        assert soon(given_back.exists, 5)
        connection.close()


def test_a_long_judgement_leaves_the_interpreter_to_others_each_millisecond(server: Server) -> None:
    assert server.ask("POST", "/AuthZPlugin.AuthZReq", b"switch interval") == (200, {"Allow": True, "Msg": "0.001"})


def test_connections_wait_when_there_is_no_descriptor_for_them(server: Server) -> None:
    process = server.decider()
    used = len(os.listdir(f"/proc/{process}/fd"))
    resource.prlimit(process, resource.RLIMIT_NOFILE, (used + 4, used + 4))
    connections = [server.connection() for _ in range(30)]
    for connection in connections:
        connection.connect()
    time.sleep(0.5)
    for connection in connections:
        connection.close()

    assert server.allows()
    assert server.workers() == [process]
    assert "no connection can be accepted: Too many open files" in server.stop()[1]


def test_requests_wait_when_no_thread_can_be_started(server: Server) -> None:
    process = server.decider()
    (server.socket.parent / "no-threads").touch()
    # More than there are threads that wait for a connection.
    with server.asking(*[b"wait 1"] * 30) as connections:
        time.sleep(2.5)
        (server.socket.parent / "no-threads").unlink()

        assert [connection.getresponse().status for connection in connections] == [200] * 30
        assert server.workers() == [process]
    assert "requests may have to wait: can't start new thread" in server.stop()[1]


def test_requests_are_answered_at_the_end_though_no_thread_can_be_started(server: Server) -> None:
    server.decider()
    (server.socket.parent / "no-threads").touch()
    with server.asking(*[b"wait 1"] * 6) as connections:
        time.sleep(0.3)

        assert server.stop()[0] == 0
        assert [connection.getresponse().status for connection in connections] == [200] * 6


@pytest.mark.parametrize(
    ("lacking", "told"),
    [
        ("no-processes", "cannot start the deciding process: Resource temporarily unavailable"),
        ("no-files", "Exception in worker process"),
    ],
    ids=["cannot be made", "cannot begin"],
)
def test_a_decider_that_is_lacking_is_made_later_and_requests_wait(server: Server, lacking: str, told: str) -> None:
    first = server.decider()
    (server.socket.parent / lacking).touch()
    os.kill(first, signal.SIGKILL)
    assert soon(lambda: is_gone(first))
    with server.asking(b"{}") as (connection,):
        time.sleep(2.5)
        (server.socket.parent / lacking).unlink()

        assert connection.getresponse().status == 200
    status, errors = server.stop()
    assert status == 0
    # Tried each second, not without pause.
    assert 1 <= errors.count(told) <= 6


def test_a_decider_shows_that_it_lives_while_a_request_takes_long(tmp_path: Path) -> None:
    code = STAND_IN + "gunicorn_worker._HEARTBEAT_SECONDS = 0.5; stand_in.main()"
    path = tmp_path / "portero.sock"
    with started(["-c", code, str(path)], path) as server:
        process = server.decider()
        with server.asking(b"wait 3") as (connection,):
            asked = time.time()

            assert soon(lambda: beat(process) > asked + 0.8, patience=2.9)
            assert connection.getresponse().status == 200


def beat(process: int) -> float:
    """When it last touched the file by which gunicorn's arbiter knows that it lives."""
    (file,) = [name for name in Path(f"/proc/{process}/fd").iterdir() if "wgunicorn" in target(name)]
    found = file.stat()
    return max(found.st_atime, found.st_mtime, found.st_ctime)


def target(descriptor: Path) -> str:
    """What a descriptor stands for; nothing when it was closed since the folder was listed."""
    with suppress(FileNotFoundError):
        return os.readlink(descriptor)
    return ""
