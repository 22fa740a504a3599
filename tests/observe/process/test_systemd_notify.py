"""What systemd is told: nothing where it does not listen, and nothing of it stops Portero."""

import os
import socket
from pathlib import Path

import pytest

from portero.observe.process import systemd_notify
from portero.observe.process.systemd_notify import Notifier


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_is_told_at_its_socket_and_gunicorn_does_not_know_it(tmp_path: Path, abstract: bool) -> None:
    name = f"@{tmp_path}/notify" if abstract else f"{tmp_path}/notify"
    environ = {"NOTIFY_SOCKET": name}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(name.replace("@", "\0"))
        notifier = Notifier(environ)
        notifier.tell_status("mode enforce")
        notifier.tell_ready()

        assert [systemd.recv(100), systemd.recv(100)] == [b"STATUS=mode enforce", b"READY=1"]
    assert environ == {}
    # Nobody listens any more.
    notifier.tell_ready()


def test_a_name_of_a_file_is_no_other_message_and_stops_nothing(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(f"{tmp_path}/notify")
        notifier = Notifier({"NOTIFY_SOCKET": f"{tmp_path}/notify"})
        for name in ("x\nMAINPID=1\n", os.fsdecode(b"\xff")):
            notifier.tell_status(f"no policy: {name}: is not named as a rule")

        told = [systemd.recv(100), systemd.recv(100)]
    assert told == [f"STATUS=no policy: {name}: is not named as a rule".encode() for name in ("x?MAINPID=1?", "?")]


def test_systemd_is_told_that_it_lives_now_and_then_where_it_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([100.0, 100.0, 101.0, 101.0, 102.0, 102.0])
    monkeypatch.setattr(systemd_notify.time, "monotonic", lambda: next(times))
    environ = {"NOTIFY_SOCKET": f"{tmp_path}/notify", "WATCHDOG_USEC": "10000000"}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(f"{tmp_path}/notify")
        systemd.setblocking(False)
        watched, unwatched = Notifier(environ), Notifier({"NOTIFY_SOCKET": f"{tmp_path}/notify"})
        for _ in range(3):
            watched.tell_alive()
            unwatched.tell_alive()

        assert [systemd.recv(100) for _ in range(2)] == [b"WATCHDOG=1"] * 2
        with pytest.raises(BlockingIOError):
            systemd.recv(100)


def test_nobody_is_told_where_no_systemd_listens() -> None:
    Notifier({}).tell_ready()
