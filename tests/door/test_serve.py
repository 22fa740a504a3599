"""The door as a process: it says when it is ready, answers, and ends when it is told to."""

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from portero.door.serve import NoSocket, listen_at, take_over_sockets
from portero.tools.hostcheck.door_key import put_key
from tests.door.one_stream import GET
from tests.door.running import ANSWER, ask, connect, receive_all


def test_a_socket_is_open_to_its_owner_and_group(tmp_path: Path) -> None:
    (tmp_path / "docker.sock").write_bytes(b"")
    (tmp_path / "docker.sock").unlink()

    (listener,) = listen_at([f"users={tmp_path}/docker.sock"]).values()

    assert stat.S_IMODE(os.stat(tmp_path / "docker.sock").st_mode) == 0o660
    listener.close()


def test_a_dead_socket_is_replaced_and_a_live_one_is_not(tmp_path: Path) -> None:
    place = f"a={tmp_path}/docker.sock"
    listen_at([place])["a"].close()

    (listener,) = listen_at([place]).values()
    with listener, pytest.raises(NoSocket, match="Address already in use: stop what listens there"):
        listen_at([place])


@pytest.mark.parametrize(
    ("places", "fault"),
    [
        (["users"], "users: write a name and an absolute path"),
        (["users=docker.sock"], "write a name and an absolute path"),
        (["Users=/x/docker.sock"], "is no name of a door"),
        (["users=/x/door.sock"], "call the socket docker.sock"),
        (["users=/nowhere/docker.sock"], "/nowhere/docker.sock: No such file or directory: make its folder"),
    ],
)
def test_a_place_that_is_none_is_named(places: list[str], fault: str) -> None:
    with pytest.raises(NoSocket, match=fault):
        listen_at(places)


def test_a_door_has_one_socket(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    with pytest.raises(NoSocket, match="has two sockets"):
        listen_at([f"x={tmp_path}/{folder}/docker.sock" for folder in ("a", "b")])


HANDED = """
import os, socket, sys
from portero.door.serve import NoSocket, take_over_sockets
kept = []
for number in (3, 4):
    one = socket.socket(socket.AF_UNIX)
    one.bind(f"{sys.argv[1]}/{number}")
    os.dup2(one.fileno(), number)
    kept.append(one)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2", LISTEN_FDNAMES=sys.argv[2])
try:
    taken = take_over_sockets(os.environ)
    print({name: one.getsockname()[-1] for name, one in taken.items()}, "LISTEN_FDS" in os.environ)
except NoSocket as fault:
    print(fault)
"""


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("users:traefik", "{'users': '3', 'traefik': '4'} False"),
        ("users", "systemd hands over sockets without names"),
        ("users:users", "users: has two sockets"),
        ("users:portero-door@x.socket", "is no name of a door"),
    ],
)
def test_sockets_of_systemd_are_known_by_their_names(names: str, said: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HANDED, str(tmp_path), names], capture_output=True, text=True, check=True
    )

    assert said in done.stdout


def test_sockets_for_another_process_are_not_taken() -> None:
    assert take_over_sockets({"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "users"}) == {}
    assert take_over_sockets({}) == {}


@contextmanager
def running(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], socket.socket]]:
    """A door before dockerd's socket `dockerd`, when it is ready, with what it tells systemd."""
    put_key(folder / "key", folder / "door.pub", os.getegid(), anew=False)
    command = [sys.executable, "-m", "portero", "door", "serve", "--key", str(folder / "key")]
    given = ["--dockerd", str(folder / "dockerd"), f"--listen=tool={folder}/docker.sock"]
    environment = {"NOTIFY_SOCKET": str(folder / "notify"), "PYTHONPATH": ":".join(sys.path)}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(environment["NOTIFY_SOCKET"])
        systemd.settimeout(30)
        with subprocess.Popen([*command, *given], env=environment) as door:
            assert systemd.recv(100) == b"READY=1"
            yield door, systemd


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_a_door_says_that_it_is_ready_answers_and_ends(tmp_path: Path, end: signal.Signals) -> None:
    with running(tmp_path) as (door, systemd):
        assert b" 503 Service Unavailable" in ask(tmp_path / "docker.sock", GET)
        assert systemd.recv(1000).startswith(b"STATUS=doors tool: ")
        door.send_signal(end)
        assert door.wait(20) == 0


def test_a_door_that_is_stopped_ends_what_is_under_way_first(tmp_path: Path) -> None:
    """As `docker ps` while the door is restarted."""
    with socket.socket(socket.AF_UNIX) as dockerd, running(tmp_path) as (door, _):
        dockerd.bind(str(tmp_path / "dockerd"))
        dockerd.listen()
        dockerd.settimeout(30)
        with connect(tmp_path / "docker.sock") as client:
            client.sendall(GET)
            asked, _ = dockerd.accept()
            asked.recv(4096)
            door.send_signal(signal.SIGTERM)
            with pytest.raises(subprocess.TimeoutExpired):
                door.wait(0.3)
            asked.sendall(ANSWER)
            asked.close()
            assert receive_all(client) == ANSWER
        assert door.wait(20) == 0
