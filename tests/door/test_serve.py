"""The door as a process: it says when it is ready, answers, and ends when it is told to."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

from portero.door.stamps import put_key
from tests.door.running import ask


def test_a_door_says_that_it_is_ready_answers_and_ends(tmp_path: Path) -> None:
    put_key(tmp_path / "key", tmp_path / "door.pub", 0, anew=False)
    command = [sys.executable, "-m", "portero", "door", "serve", "--key", str(tmp_path / "key")]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(30)
        place = f"--listen=tool={tmp_path}/docker.sock"
        environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "PYTHONPATH": ":".join(sys.path)}
        with subprocess.Popen([*command, "--dockerd", str(tmp_path / "none"), place], env=environment) as door:
            assert systemd.recv(100) == b"READY=1"
            answer = ask(tmp_path / "docker.sock", b"GET / HTTP/1.1\r\nHost: d\r\n\r\n")
            assert b" 503 Service Unavailable" in answer
            assert systemd.recv(1000).startswith(b"STATUS=doors tool: ")
            door.send_signal(signal.SIGTERM)
            assert door.wait(20) == 0
