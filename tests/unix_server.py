"""HTTP at a Unix socket: what stands for dockerd, or for a plugin of it, in tests."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import BaseServer, ThreadingMixIn, UnixStreamServer
from typing import Any


class Server(ThreadingMixIn, UnixStreamServer):
    """One thread a connection, as dockerd opens many at once."""

    daemon_threads = True
    request_queue_size = 64


class Handler(BaseHTTPRequestHandler):
    """Reads what is posted, replies, and says nothing."""

    protocol_version = "HTTP/1.1"

    def respond(self) -> None:
        """Reply to a request."""
        raise NotImplementedError

    def do_GET(self) -> None:
        """Respond."""
        self.respond()

    def do_POST(self) -> None:
        """Respond."""
        self.respond()

    def posted(self) -> bytes:
        """The body of the request."""
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def reply(self, body: bytes, status: int = 200) -> None:
        """Send JSON."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def address_string(self) -> str:
        """A Unix peer has no address."""
        return ""


@contextmanager
def run_server(server: BaseServer) -> Iterator[None]:
    """Have it serve in a thread for the length of a block, and end with it."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def serving(path: Path | str, handler: type[Handler]) -> Iterator[None]:
    """Answer at this path for the length of a block."""
    with run_server(Server(str(path), handler)):
        yield


@contextmanager
def silent(path: Path | str) -> Iterator[None]:
    """Listen at this path for the length of a block, and never answer."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        yield
