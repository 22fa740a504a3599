"""What systemd is told: nothing where it does not listen, and nothing of it stops Portero."""

import socket
from pathlib import Path

import pytest

from portero.server.systemd_notify import Notifier


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


def test_nobody_is_told_where_no_systemd_listens() -> None:
    Notifier({}).tell_ready()
