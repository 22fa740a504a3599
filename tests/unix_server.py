"""HTTP at a Unix socket: what stands for dockerd, or for a plugin of it, in tests."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
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

    do_PUT = do_POST = do_HEAD = do_GET  # noqa: N815 - http.server's names

    def posted(self) -> bytes:
        """The body of the request."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def reply(self, answer: object, status: int = 200) -> None:
        """Send what becomes JSON, or bytes as they are."""
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def reply_if_known(self, answer: object) -> None:
        """Send it as JSON; None: dockerd has no such object."""
        self.reply({"message": "none"} if answer is None else answer, 404 if answer is None else 200)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def address_string(self) -> str:
        """A Unix peer has no address."""
        return ""


def make_handler(respond: Callable[[Handler], None]) -> type[Handler]:
    """One that responds so."""

    class Responding(Handler):
        def respond(self) -> None:
            respond(self)

    return Responding


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


def responding(path: Path | str, respond: Callable[[Handler], None]) -> AbstractContextManager[None]:
    """Have a function respond at this path for the length of a block."""
    return serving(path, make_handler(respond))


@contextmanager
def silent(path: Path | str) -> Iterator[None]:
    """Listen at this path for the length of a block, and never answer."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        yield
