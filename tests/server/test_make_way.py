"""Workers that make way, for a new policy or after a lost socket, when something goes wrong meanwhile."""

import http.client
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.server.running import Server, UnixConnection, started
from tests.waiting import soon

# Before the stand-in begins: what goes wrong.
RUN = "\nimport stand_in\nstand_in.main()\n"
SOON = "from portero.server import renewal\nrenewal.AFTER = 0.3\n"


@contextmanager
def two_workers(folder: Path, wrong: str) -> Iterator[Server]:
    path = folder / "portero.sock"
    with started(["-c", wrong + RUN, str(path)], path) as server:
        assert soon(lambda: len(server.workers()) == 2)
        yield server


def answers(server: Server) -> bool:
    with closing(UnixConnection(server.socket, timeout=5)) as connection:
        return connection.ask("POST", "/Plugin.Activate")[0] == http.client.OK


def test_workers_serve_until_those_that_follow_do(tmp_path: Path) -> None:
    with two_workers(tmp_path, SOON) as server:
        before = {*server.workers()}
        (tmp_path / "no-files").touch()
        (tmp_path / "new-policy").touch()
        assert soon(lambda: len(server.workers()) > 2)
        first = {*server.workers()} - before
        assert soon(lambda: not first & {*server.workers()})

        assert before < {*server.workers()}
        assert answers(server)

        (tmp_path / "no-files").unlink()
        assert soon(lambda: not before & {*server.workers()})
        assert answers(server)


def test_a_worker_that_did_not_know_the_signal_yet_makes_way_too(tmp_path: Path) -> None:
    slow = """
import time
from portero.server import worker
known = worker.Worker.init_signals
worker.Worker.init_signals = lambda self: (time.sleep(1), known(self))
"""
    with two_workers(tmp_path, slow) as server:
        before = {*server.workers()}
        server.socket.unlink()
        assert soon(lambda: len(server.workers()) == 4)
        both = before | {*server.workers()}
        server.socket.unlink()

        assert soon(lambda: not both & {*server.workers()})
        assert answers(server)
        assert len(server.workers()) == 2


def test_a_new_socket_that_could_not_be_handed_on_is_handed_on_later(tmp_path: Path) -> None:
    once = """
import errno, os
from portero.server import master
create, failed = master.create_sockets, []
def create_later(*given):
    if os.path.exists("once") and not failed:
        failed.append(True)
        raise OSError(errno.ENFILE, os.strerror(errno.ENFILE))
    return create(*given)
master.create_sockets = create_later
"""
    with two_workers(tmp_path, once) as server:
        (tmp_path / "once").touch()
        server.socket.unlink()
        assert soon(server.socket.exists)

        assert answers(server)


def test_an_error_while_workers_are_renewed_ends_nothing(tmp_path: Path) -> None:
    once = """
import os
from portero.server import renewal
note = renewal.Renewal.note
def note_later(*given):
    if os.path.exists("once"):
        os.unlink("once")
        raise MemoryError
    note(*given)
renewal.Renewal.note = note_later
"""
    with two_workers(tmp_path, once) as server:
        before = server.workers()
        (tmp_path / "once").touch()
        assert soon(lambda: not (tmp_path / "once").exists())

        assert answers(server)
        assert server.workers() == before


def test_who_waits_at_a_lost_socket_is_answered(tmp_path: Path) -> None:
    busy = """
import os, threading
from portero.server.accepting import Accepting
accept = Accepting.accept
def accept_in_main_thread(self, descriptor):
    if os.path.exists("busy") and threading.current_thread() is not threading.main_thread():
        return None
    return accept(self, descriptor)
Accepting.accept = accept_in_main_thread
"""
    with two_workers(tmp_path, busy) as server:
        (tmp_path / "busy").touch()
        connection = server.connection()
        connection.request("POST", "/AuthZPlugin.AuthZReq", b"{}")
        server.socket.unlink()

        assert connection.getresponse().status == http.client.OK
        connection.close()
        (tmp_path / "busy").unlink()


def test_a_renewal_is_ended_by_the_end(tmp_path: Path) -> None:
    with two_workers(tmp_path, SOON) as server:
        connection = server.connection()
        connection.ask("POST", "/Plugin.Activate")
        (tmp_path / "new-policy").touch()
        assert soon(lambda: len(server.workers()) > 2)
        server.process.send_signal(signal.SIGTERM)

        assert server.stop() == (0, "")
        connection.close()
