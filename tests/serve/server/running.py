"""A real server on a socket in a folder of its own, and raw HTTP to talk to it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.paths import ROOT
from tests.waiting import soon

START_LIMIT = 20.0


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket, kept alive as dockerd keeps it."""

    def __init__(self, path: Path, timeout: float = 30.0) -> None:
        super().__init__("plugin.moby.localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, Any]:
        """Status and JSON of one call, with the headers of dockerd: it sends no Content-Type."""
        self.request(method, path, body, {"Content-Length": str(len(body)), "User-Agent": "Go-http-client/1.1"})
        answer = self.getresponse()
        return answer.status, json.loads(answer.read())


@dataclass
class Server:
    """A started server process."""

    process: subprocess.Popen[str]
    socket: Path

    def connection(self) -> UnixConnection:
        return UnixConnection(self.socket)

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, Any]:
        connection = self.connection()
        try:
            return connection.ask(method, path, body)
        finally:
            connection.close()

    def allows(self, request: bytes = b"{}") -> bool:
        """Whether it is allowed: it has an answer."""
        status, answer = self.ask("POST", "/AuthZPlugin.AuthZReq", request)
        assert status == 200
        return bool(answer["Allow"])

    @contextmanager
    def asking(self, *requests: bytes) -> Iterator[list[UnixConnection]]:
        """Each request sent over a connection of its own, which is closed at the end; no answer is read."""
        connections = [self.connection() for _ in requests]
        try:
            for connection, request in zip(connections, requests, strict=True):
                connection.request("POST", "/AuthZPlugin.AuthZReq", request)
            yield connections
        finally:
            for connection in connections:
                connection.close()

    def text(self, path: str) -> str:
        """The text of one page."""
        connection = self.connection()
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(child) for child in children]

    def decider(self) -> int:
        """The one process that decides, once it runs."""
        assert soon(lambda: len(self.workers()) == 1)
        (process,) = self.workers()
        return process

    def listens(self) -> bool:
        """Whether its socket is there, and takes connections: it is there a moment before."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            return probe.connect_ex(str(self.socket)) == 0

    def stop(self) -> tuple[int, str]:
        """Exit status and what was written to standard error."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors


@contextmanager
def started(
    arguments: list[str],
    path: Path,
    *inherited: int,
    enter: Sequence[str] = (),
    stdout: int = subprocess.DEVNULL,
    stderr: int = subprocess.PIPE,
    **environ: str,
) -> Iterator[Server]:
    """The server once it answers; stopped at the end. It inherits the descriptors that are named.

    `enter`: words before the command, which start it in other namespaces.
    """
    process = subprocess.Popen(
        [*enter, sys.executable, *arguments],
        cwd=path.parent,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{ROOT / 'plugin'}:{ROOT / 'tests' / 'serve' / 'server'}",
            **environ,
        },
        stdout=stdout,
        stderr=stderr,
        text=True,
        pass_fds=inherited,
    )
    server = Server(process, path)
    try:
        wait_until_it_answers(server)
        yield server
    finally:
        server.stop()


def serve_stand_in(tmp_path: Path) -> Iterator[Server]:
    """The server of one test alone: `server = pytest.fixture(serve_stand_in)`."""
    path = tmp_path / "portero.sock"
    with started(["-m", "stand_in", str(path)], path) as running:
        running.decider()
        yield running


def wait_until_it_answers(server: Server) -> None:
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            server.ask("GET", "/healthz")
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"the server does not answer; it said: {server.stop()}")
