"""A daemon whose answers were recorded (dockerd 26.1.5, one-node swarm), at a Unix socket of its own."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import UnixStreamServer

import pytest

from tests.scan.recorded_daemon import Daemon


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    there = Daemon(tmp_path / "docker.sock")

    class Handler(BaseHTTPRequestHandler):
        def address_string(self) -> str:
            return "unix"

        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            said = there.answers.get(re.sub(r"^/v[0-9.]+", "", self.path).partition("?")[0])
            body = json.dumps({"message": "gone"} if said is None else said).encode()
            self.send_response(404 if said is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with UnixStreamServer(str(there.socket), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield there
        server.shutdown()
        thread.join()
