"""Metrics of the real server: on its own socket, and from the program behind portero-metrics.socket."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.paths import ROOT
from tests.serve.server.commands import ask, create, serve
from tests.serve.server.running import Server, started
from tests.waiting import soon

PROGRAM = ROOT / "packaging" / "files" / "answer-metrics"
CREATED = 'portero_decisions_total{operation="ContainerCreate",outcome="%s"}'

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


def read_figures(connection: http.client.HTTPConnection) -> dict[str, float]:
    connection.request("GET", "/metrics")
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


class OnPort(http.client.HTTPConnection):
    """A connection that the program answers, as systemd starts it for each."""

    def __init__(self, portero: Path) -> None:
        super().__init__("127.0.0.1", timeout=30)
        self._portero = portero

    def connect(self) -> None:
        self.sock, served = socket.socketpair()
        with served:
            program = subprocess.Popen([PROGRAM, self._portero], stdin=served, stdout=served)
        threading.Thread(target=program.wait).start()


def ask_many(server: Server, number: int) -> None:
    for _ in range(number):
        ask(server, create())
        ask(server, create(Privileged=True))


@needs_curl
def test_each_scrape_tells_what_was_decided(tmp_path: Path) -> None:
    with started(serve(tmp_path, "--profile", "baseline"), tmp_path / "portero.sock") as running:
        ask_many(running, 20)

        for figures in (read_figures(running.connection()), read_figures(OnPort(tmp_path / "portero.sock"))):
            assert (figures[CREATED % "allowed"], figures[CREATED % "refused"]) == (20, 20)
            assert figures['portero_violations_total{action="deny",rule="no-privileged"}'] == 20
            assert figures["portero_enforcing"] == 1
            assert time.time() - figures["portero_policy_loaded_timestamp_seconds"] < 60


def test_counts_go_on_at_a_reload_and_begin_anew_in_another_decider(tmp_path: Path) -> None:
    policy = tmp_path / "policy" / "site.json"
    policy.parent.mkdir()
    policy.write_text("{}")
    options = ("--profile", "baseline", "--schemas", str(policy.parent))
    with started(serve(tmp_path, *options), tmp_path / "portero.sock") as running:
        ask_many(running, 5)
        policy.write_text("{")
        running.process.send_signal(signal.SIGHUP)
        assert soon(lambda: read_figures(running.connection())["portero_policy_load_failures_total"])
        ask_many(running, 5)
        assert read_figures(running.connection())[CREATED % "allowed"] == 10

        os.kill(running.decider(), signal.SIGKILL)
        ask_many(running, 5)
        assert read_figures(running.connection())[CREATED % "allowed"] == 5


@needs_curl
@pytest.mark.parametrize(
    ("request_line", "host", "status"),
    [
        ("GET /metrics HTTP/1.1", "127.0.0.1:9323", 503),  # no Portero answers
        ("GET /metrics HTTP/1.0", "localhost", 503),
        ("GET /metrics HTTP/1.1", "[::1]:9323", 503),
        ("GET /metrics HTTP/1.1", "rebound.example.com", 421),
        ("GET /metrics HTTP/1.1", "127.0.0.1.example.com", 421),
        ("GET /status HTTP/1.1", "127.0.0.1", 404),
        ("GET /metrics/../status HTTP/1.1", "127.0.0.1", 404),
        ("POST /AuthZPlugin.AuthZReq HTTP/1.1", "127.0.0.1", 404),
        ("POST /metrics HTTP/1.1", "127.0.0.1", 404),
        ("GET /metrics", "127.0.0.1", 404),
    ],
)
def test_the_port_leads_to_nothing_else(tmp_path: Path, request_line: str, host: str, status: int) -> None:
    request = f"{request_line}\r\nhost: {host}\r\nAccept: */*\r\n\r\n".encode()

    answer = subprocess.run([PROGRAM, tmp_path / "none"], input=request, capture_output=True, timeout=30, check=True)

    assert answer.stdout.startswith(b"HTTP/1.1 %d " % status)
    assert answer.stdout.endswith(b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
