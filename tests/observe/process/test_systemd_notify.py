"""What systemd is told: nothing where it does not listen, and nothing of it stops Portero."""

import os
import socket
from pathlib import Path

import pytest

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


def test_nobody_is_told_where_no_systemd_listens() -> None:
    Notifier({}).tell_ready()
