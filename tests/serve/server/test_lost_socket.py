"""A socket file that was removed is made anew where it was ours, and missed aloud where it was not."""

import errno
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from portero.serve.server.listener import Listener, LostSocket, listen
from tests.failing import fail_with
from tests.serve.server.running import Server, serve_stand_in, started
from tests.serve.server.test_listener import connects
from tests.waiting import soon


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    made = listen(tmp_path / "plugins" / "portero.sock")
    yield made
    os.close(made.descriptor)


def test_a_socket_in_its_place_is_left_alone(listener: Listener) -> None:
    lost = LostSocket(listener)

    assert lost.replace_if_lost(0.0) is False
    assert lost.listener is listener


@pytest.mark.parametrize("with_folder", [False, True])
def test_a_socket_whose_file_is_gone_is_made_anew(
    listener: Listener, caplog: pytest.LogCaptureFixture, with_folder: bool
) -> None:
    lost, path = LostSocket(listener), Path(listener.name)
    path.unlink()
    if with_folder:
        path.parent.rmdir()

    assert lost.replace_if_lost(0.0) is True
    assert connects(path)
    assert lost.replace_if_lost(1.0) is False
    assert caplog.text.count("was removed, and is made anew") == 1
    os.close(lost.listener.descriptor)


def test_a_place_that_another_process_has_taken_is_tried_again_after_pauses(
    listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    lost, path = LostSocket(listener), Path(listener.name)
    path.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        seen = [lost.replace_if_lost(now / 10) for now in range(35)]
    assert not any(seen)
    # At once, after a second and after two more.
    assert caplog.text.count("another process listens there") == 3

    assert lost.replace_if_lost(10.0) is True
    os.close(lost.listener.descriptor)


def test_a_socket_of_systemd_is_missed_aloud_once_it_was_seen(
    listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    path = Path(listener.name)
    unseen = LostSocket(Listener(listener.descriptor, "/no/such/portero.sock", None, (0, 0), os.getpid()))
    lost = LostSocket(Listener(listener.descriptor, listener.name, None, listener.identity, os.getpid()))
    assert (unseen.replace_if_lost(0.0), lost.replace_if_lost(0.0)) == (False, False)
    assert caplog.text == ""
    path.unlink()

    assert lost.replace_if_lost(1.0) is False
    assert "was removed, and dockerd cannot connect: systemctl restart portero.socket" in caplog.text


def test_what_cannot_be_told_is_no_loss(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = LostSocket(listener)
    monkeypatch.setattr(Path, "lstat", fail_with(errno.ENOMEM))

    assert lost.replace_if_lost(0.0) is False


server = pytest.fixture(serve_stand_in)


def test_the_one_decider_goes_on_at_a_new_socket_and_answers_over_the_old_one(server: Server) -> None:
    before = server.workers()
    with server.asking(b"wait 3") as (connection,):
        time.sleep(0.2)
        for _ in range(2):
            server.socket.unlink()
            assert soon(server.listens)
            assert server.ask("POST", "/Plugin.Activate")[0] == 200

        assert connection.getresponse().status == 200
    assert server.workers() == before
    status, errors = server.stop()
    assert (status, server.socket.exists()) == (0, False)
    assert errors.count("was removed, and is made anew") == 2


def test_who_waits_at_a_lost_socket_is_answered(server: Server) -> None:
    """The main thread stands still while the connection comes and the socket goes."""
    process = server.decider()
    os.kill(process, signal.SIGSTOP)
    with server.asking(b"{}") as (connection,):
        server.socket.unlink()
        assert soon(server.listens)
        os.kill(process, signal.SIGCONT)

        assert connection.getresponse().status == 200
    assert server.ask("POST", "/Plugin.Activate")[0] == 200


def test_a_decider_that_is_made_after_a_lost_socket_listens_at_the_new_one(server: Server) -> None:
    """It may find word of it, too, that was left for the one before."""
    process = server.decider()
    os.kill(process, signal.SIGSTOP)
    server.socket.unlink()
    assert soon(server.listens)
    os.kill(process, signal.SIGKILL)

    assert server.ask("POST", "/Plugin.Activate")[0] == 200
    assert server.stop()[0] == 0


def test_a_decider_that_cannot_be_told_of_a_new_socket_is_replaced(tmp_path: Path) -> None:
    fails = """
import errno, os, socket
import stand_in
def fail(*_):
    raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
socket.send_fds = fail
stand_in.main()
"""
    path = tmp_path / "portero.sock"
    with started(["-c", fails, str(path)], path) as server:
        assert soon(lambda: len(server.workers()) == 1)
        path.unlink()
        assert soon(server.listens)

        assert server.ask("POST", "/Plugin.Activate")[0] == 200
        assert "cannot hand over the new socket" in server.stop()[1]
