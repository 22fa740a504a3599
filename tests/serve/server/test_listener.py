"""The listening socket: who may use it, what is replaced, what is never touched."""

import fcntl
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portero.serve.server import listener
from portero.serve.server.listener import Listener, SocketTaken, listen, take_over_socket


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "plugins" / "portero.sock"


def connects(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        return client.connect_ex(str(path)) == 0


def dead_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dying:
        dying.bind(str(path))


@pytest.fixture
def made(path: Path) -> Iterator[Listener]:
    listening = listen(path)
    yield listening
    os.close(listening.descriptor)


def test_only_its_owner_may_use_the_socket_and_the_umask_is_as_before(path: Path) -> None:
    before = os.umask(0o027)
    os.umask(before)
    made = listen(path)

    assert os.umask(before) == before
    assert stat.S_IMODE(path.lstat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o750
    assert connects(path)
    os.close(made.descriptor)


def test_a_dead_socket_file_is_replaced(path: Path) -> None:
    path.parent.mkdir()
    dead_socket(path)

    made = listen(path)

    assert connects(path)
    os.close(made.descriptor)


def test_a_socket_with_a_listener_is_not_stolen(path: Path, made: Listener) -> None:
    with pytest.raises(SocketTaken) as refused:
        listen(path)

    assert str(refused.value) == f"{path}: another process listens there; stop it, or choose another PORTERO_SOCKET"
    assert connects(path)


def test_a_datagram_socket_is_not_ours(path: Path) -> None:
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(str(path))

        with pytest.raises(SocketTaken, match="another process listens there"):
            listen(path)

    assert path.exists()


@pytest.mark.parametrize("kind", ["file", "folder", "link to a dead socket"])
def test_what_is_no_socket_is_never_removed(path: Path, kind: str) -> None:
    path.parent.mkdir()
    if kind == "file":
        path.write_text("precious")
    elif kind == "folder":
        path.mkdir()
    else:
        dead_socket(path.with_name("dead.sock"))
        path.symlink_to("dead.sock")

    with pytest.raises(SocketTaken) as refused:
        listen(path)

    assert str(refused.value) == f"{path}: exists and is not a socket; move it away, or choose another PORTERO_SOCKET"
    assert os.path.lexists(path)


def test_the_socket_is_removed_at_the_end_and_a_second_time_does_nothing(path: Path, made: Listener) -> None:
    made.remove()
    made.remove()

    assert list(path.parent.iterdir()) == []


def test_a_socket_of_another_process_stays(path: Path, made: Listener) -> None:
    path.unlink()
    other = listen(path)

    made.remove()

    assert connects(path)
    os.close(other.descriptor)


def test_a_folder_that_is_gone_does_not_hinder_the_end(path: Path, made: Listener) -> None:
    path.unlink()
    path.parent.rmdir()

    made.remove()


def test_a_decider_does_not_remove_the_arbiters_socket(path: Path, made: Listener) -> None:
    process = os.fork()
    if process == 0:
        made.remove()
        os._exit(0)
    os.waitpid(process, 0)

    assert connects(path)


def test_a_folder_locked_by_another_process_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "_LOCK_TIMEOUT", 0.1)
    path.parent.mkdir()
    descriptor = os.open(path.parent, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)

    with pytest.raises(SocketTaken, match="another process has locked this folder"):
        listen(path)

    os.close(descriptor)


CONTENDER = """
import sys, time
from dataclasses import replace
from collections.abc import Iterator
from pathlib import Path
from portero.serve.server.listener import SocketTaken, listen
try:
    listen(Path(sys.argv[1]))
except SocketTaken:
    print("taken")
else:
    print("mine", flush=True)
    sys.stdin.read()
"""


def test_of_many_that_start_at_once_over_a_dead_socket_one_gets_it(path: Path) -> None:
    path.parent.mkdir()
    dead_socket(path)
    contenders = [
        subprocess.Popen(
            [sys.executable, "-c", CONTENDER, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": str(Path(listener.__file__).parents[3])},
        )
        for _ in range(6)
    ]
    words = [contender.stdout.readline().strip() for contender in contenders if contender.stdout]

    assert sorted(words) == ["mine", *["taken"] * 5]
    assert connects(path)
    for contender in contenders:
        contender.communicate()


def test_without_systemd_nothing_is_inherited() -> None:
    environ = {"LISTEN_FDS": "1", "LISTEN_PID": "1"}

    assert take_over_socket({}) is None
    assert take_over_socket(environ) is None
    assert environ == {}


def test_more_than_one_socket_of_systemd_is_refused() -> None:
    with pytest.raises(SocketTaken, match="systemd hands over 2 sockets"):
        take_over_socket({"LISTEN_FDS": "2", "LISTEN_PID": str(os.getpid())})
