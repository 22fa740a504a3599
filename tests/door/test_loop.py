"""A whole door: who is stamped, what is passed on as it came, and what an end on one side means on the other."""

import json
import os
import pwd
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from portero.decide.identity.door_stamp import Stamp, read_stamp
from portero.decide.interfaces.daemon import Peer
from portero.door import loop as door_loop
from portero.door import stream as door_stream
from portero.door.shares import ConnectionRoom
from tests.door.running import ANSWER, BOOT, KEY, ask, connect, receive_all, running_door

TRAEFIK, USERS = "traefik/docker.sock", "users/docker.sock"
UPGRADED = b"HTTP/1.1 101 UPGRADED\r\n\r\n"
GET = b"GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n"


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


def stamps(seen: bytes) -> list[Stamp]:
    lines = [line for line in seen.split(b"\r\n") if line.lower().startswith(b"x-portero-door:")]
    return [read_stamp(line.split(b": ", 1)[1].decode(), KEY.public_key(), BOOT) for line in lines]


def test_a_door_stamps_itself_and_the_users_door_the_account_and_its_groups(tmp_path: Path) -> None:
    with running_door(tmp_path) as (doors, dockerd, _):
        assert [ask(doors / name, GET) for name in (TRAEFIK, USERS)] == [ANSWER, ANSWER]

    (tool,), (user,) = map(stamps, dockerd.seen)
    account = pwd.getpwuid(os.getuid()).pw_name
    assert (tool.door, tool.user, tool.groups) == ("traefik", "", ())
    assert (user.door, user.user) == ("users", account)
    assert user.groups[:1] != ()


def test_only_the_users_door_lets_a_token_through(tmp_path: Path) -> None:
    sent = b"GET / HTTP/1.1\r\nHost: docker\r\nX-Portero-Token: a.b.c\r\n\r\n"
    with running_door(tmp_path) as (doors, dockerd, _):
        for name in (TRAEFIK, USERS):
            ask(doors / name, sent)

    assert [b"a.b.c" in seen for seen in dockerd.seen] == [False, True]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another account")
def test_an_unknown_uid_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with running_door(tmp_path) as (doors, dockerd, _):
        os.chmod(doors / USERS, 0o666)
        pid = os.fork()
        if pid == 0:
            # The folders above are closed to others.
            os.chmod(doors, 0o711)
            os.chdir(doors)
            os.setuid(54321)
            answer = b""
            try:
                answer = ask(Path(USERS), GET)
            finally:
                os._exit(0 if b" 403 " in answer and b"no account of uid 54321" in answer else 1)
        assert os.waitpid(pid, 0)[1] == 0

    assert dockerd.seen == []


def test_a_client_in_a_container_is_refused_at_the_users_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_loop.ClientProcesses, "is_trusted", lambda self, client: False)
    with running_door(tmp_path) as (doors, dockerd, _):
        answer, other = ask(doors / USERS, GET), ask(doors / TRAEFIK, GET)

    assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert "runs in a container" in json.loads(answer.split(b"\r\n\r\n")[1])["message"]
    assert other == ANSWER
    assert len(dockerd.seen) == 1


def test_who_cannot_be_seen_is_refused_and_the_cause_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As with /proc mounted with hidepid=2, where other accounts' processes are not there."""

    def fail(self: object, client: socket.socket) -> bool:
        raise FileNotFoundError(2, "No such file or directory", "/proc/7/cgroup")

    monkeypatch.setattr(door_loop.ClientProcesses, "is_trusted", fail)
    with running_door(tmp_path) as (doors, dockerd, _):
        answer = ask(doors / USERS, GET)

    assert b" 403 " in answer
    assert b"cannot read which process asks: journalctl -u portero-door" in answer
    assert "(/proc/7/cgroup: No such file or directory): is /proc mounted with hidepid?" in caplog.text
    assert dockerd.seen == []


def test_one_client_leaves_room_for_others(tmp_path: Path) -> None:
    """Those that are refused wait for their heads, too."""
    with running_door(tmp_path) as (doors, _, loop):
        assert ask(doors / USERS, GET) == ANSWER
        loop.room = ConnectionRoom(20)
        clients = [connect(doors / USERS) for _ in range(40)]
        wait_until(lambda: "41 connections, 36 refused, 5 open" in loop.describe())
        assert receive_all(clients[-1]) == b""
        assert ask(doors / TRAEFIK, GET) == ANSWER
        clients[4].sendall(GET)
        assert b"too many connections at once" in receive_all(clients[4])
        for client in clients:
            client.close()


def test_numbers_without_an_account_leave_room_for_accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user may have thousands of them (/etc/subuid)."""
    numbers = iter([*range(100_000, 100_040), os.getuid(), os.getuid()])
    monkeypatch.setattr(door_loop, "read_peer", lambda client: Peer(os.getpid(), next(numbers)))
    with running_door(tmp_path) as (doors, _, loop):
        loop.room = ConnectionRoom(20)
        clients = [connect(doors / USERS) for _ in range(40)]
        wait_until(lambda: "40 connections, 36 refused, 5 open" in loop.describe())
        # The first one of an account makes it known.
        ask(doors / USERS, GET)
        wait_until(lambda: loop._around.accounts.is_known(os.getuid()))
        assert ask(doors / USERS, GET) == ANSWER
        for client in clients:
            client.close()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.0\r\n\r\n", 505),
        (b"\r\n" + GET, 400),
        (b"GET http://docker/ HTTP/1.1\r\nHost: docker\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: docker\r\nX: " + b"x" * (1 << 20) + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: docker" + b"\r\nX:" * 201 + b"\r\n\r\n", 431),
    ],
)
def test_what_is_refused_gets_an_answer_and_dockerd_sees_nothing(tmp_path: Path, sent: bytes, status: int) -> None:
    with running_door(tmp_path) as (doors, dockerd, _):
        answer = ask(doors / TRAEFIK, sent)
        with connect(doors / TRAEFIK) as slow:
            for byte in sent[:60] if len(sent) < 100 else sent[:1]:
                slow.send(bytes([byte]))

    head, _, content = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert json.loads(content)["message"].startswith("portero door: ")
    assert dockerd.seen == []


def echo(client: socket.socket) -> None:
    """Sends back what comes; says so at its end."""
    client.sendall(UPGRADED)
    while piece := client.recv(1 << 16):
        client.sendall(piece)
    client.sendall(b"<end>")


def test_bytes_go_both_ways_and_one_half_ends_before_the_other(tmp_path: Path) -> None:
    data = os.urandom(3 << 20)
    with running_door(tmp_path, serve=echo) as (doors, dockerd, _), connect(doors / TRAEFIK) as client:
        client.sendall(b"POST /exec/x/start HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
        assert client.recv(len(UPGRADED), socket.MSG_WAITALL) == UPGRADED
        writing = threading.Thread(target=lambda: (client.sendall(data), client.shutdown(socket.SHUT_WR)))
        writing.start()
        answer = receive_all(client)
        writing.join()

    assert answer == data + b"<end>"
    assert b"\r\nConnection: close, Upgrade\r\n\r\n" in dockerd.seen[0]


def test_a_client_that_goes_away_ends_the_connection_at_dockerd(tmp_path: Path) -> None:
    ended = threading.Event()

    def wait(client: socket.socket) -> None:
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        receive_all(client)
        ended.set()

    with running_door(tmp_path, serve=wait) as (doors, _, loop):
        with connect(doors / TRAEFIK) as client:
            client.sendall(GET)
            client.recv(100)
        assert ended.wait(10)
        wait_until(lambda: "0 open" in loop.describe())


def test_an_answer_before_the_end_of_the_body_arrives_and_ends_the_connection(tmp_path: Path) -> None:
    with running_door(tmp_path) as (doors, _, _):
        assert ask(doors / TRAEFIK, b"POST /build HTTP/1.1\r\nHost: d\r\nContent-Length: 9\r\n\r\nab") == ANSWER
        assert (
            ask(doors / TRAEFIK, b"POST / HTTP/1.1\r\nHost: d\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 9_000_000)
            == ANSWER
        )


def test_a_dockerd_that_does_not_listen_is_named(tmp_path: Path) -> None:
    with running_door(tmp_path) as (doors, dockerd, _):
        dockerd.path.unlink()
        assert b" 503 " in (answer := ask(doors / TRAEFIK, GET))
        assert b"Cannot connect to dockerd" in answer


def test_a_full_queue_of_dockerd_is_waited_for(tmp_path: Path) -> None:
    """connect() to a full queue fails at once (EAGAIN)."""
    with running_door(tmp_path) as (doors, dockerd, _):
        dockerd.path.unlink()
        with socket.socket(socket.AF_UNIX) as full:
            full.bind(str(dockerd.path))
            full.listen(0)
            clients = [connect(doors / TRAEFIK) for _ in range(5)]
            for client in clients:
                client.sendall(GET)
            time.sleep(0.3)
            full.settimeout(10)
            for _ in clients:
                accepted, _ = full.accept()
                with accepted:
                    accepted.recv(1 << 16)
                    accepted.sendall(ANSWER)
            assert [receive_all(client) for client in clients] == [ANSWER] * 5
            for client in clients:
                client.close()


def test_nothing_but_news_of_sockets_wakes_a_door_with_idle_streams(tmp_path: Path) -> None:
    held: list[socket.socket] = []

    def hold(client: socket.socket) -> None:
        held.append(client.dup())
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    with running_door(tmp_path, serve=hold) as (doors, _, loop):
        clients = [connect(doors / TRAEFIK) for _ in range(100)]
        for client in clients:
            client.sendall(GET)
            assert client.recv(100)
        wait_until(lambda: not (loop._waiting or loop._ready or loop._retried))
        for client in clients:
            client.close()
    assert len(held) == 100
    for one in held:
        one.close()


@pytest.mark.parametrize("fault", [OSError(24, "Too many open files"), RuntimeError("can't start new thread")])
def test_whatever_one_connection_raises_ends_that_one_alone(
    fault: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by an attacker: a name service that answers nothing, and a client that hangs up, ended the door of all."""
    monkeypatch.setattr(door_stream, "_ACCOUNT_WITHIN", 0.1)
    monkeypatch.setattr(door_loop.AccountLookup, "find_account", lambda self, uid: None)
    with running_door(tmp_path) as (doors, _, loop):
        with connect(doors / USERS) as client:
            client.sendall(GET)
        with connect(doors / USERS) as waiting:
            waiting.sendall(GET)
            assert b"did not say in time" in receive_all(waiting)
        wait_until(lambda: "0 open" in loop.describe())
        for owner, name in ((loop, "_find_key"), (loop, "_watch"), (door_loop.Stream, "release")):
            with monkeypatch.context() as broken:
                broken.setattr(owner, name, lambda *_: (_ for _ in ()).throw(fault))
                assert b"200" not in ask(doors / USERS, GET)
        assert ask(doors / TRAEFIK, GET) == ANSWER
        wait_until(lambda: "0 open" in loop.describe())


def test_a_door_that_ends_does_not_wait_for_idle_connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_loop, "_FINISH_WITHIN", 0.3)
    with running_door(tmp_path) as (doors, dockerd, loop), connect(doors / TRAEFIK):
        assert ask(doors / TRAEFIK, GET) == ANSWER
        assert not loop.is_finished
        loop.finish()
        assert not loop.is_finished
        wait_until(lambda: loop.is_finished)
        with connect(doors / TRAEFIK) as late:
            late.sendall(GET)
            late.settimeout(0.3)
            with pytest.raises(TimeoutError):
                late.recv(1)
    assert len(dockerd.seen) == 1
