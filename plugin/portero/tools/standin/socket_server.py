"""The stand-in's socket: HTTP over a Unix socket in a folder that only this user can enter."""

import json
import os
import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from portero.tools.standin.messages import MAX_SHOWN_BYTES, Answer, ClientRequest

# The newest API whose bodies were measured (docker-facts 4.8); newer clients speak it when the daemon does.
API_VERSION = "1.45"
_HEADERS = {
    "Api-Version": API_VERSION,
    "Docker-Experimental": "true",
    "Ostype": "linux",
    "Server": "Docker/standin (linux)",
}
_PIECE = 1 << 16
_CLOSE_TIMEOUT_SECONDS = 1.0


@contextmanager
def serve(answer: Callable[[ClientRequest], Answer], user: tuple[int, int] | None = None) -> Iterator[Path]:
    """Serve at the socket that is yielded until the end of the block; a thread a connection.

    `user`: user and group IDs of the client, where it is another user; None: one's own.
    """
    with TemporaryDirectory(prefix="portero-") as folder:
        path = Path(folder) / "docker.sock"
        with _UnixServer(str(path), answer) as server:
            if user is not None:
                for owned in (path, folder):
                    os.chown(owned, *user)
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            try:
                yield path
            finally:
                server.shutdown()


class _UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, path: str, answer: Callable[[ClientRequest], Answer]) -> None:
        self.answer = answer
        super().__init__(path, _ClientConnection)

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # typeshed knows no Unix sockets here


class _ClientConnection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        words = self.requestline.split(" ")
        request = ClientRequest(self.command, words[1], self.headers.items(), b"".join(self._read_body()))
        self._send(cast(_UnixServer, self.server).answer(request))

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = _serve  # noqa: N815 - http.server's names

    def _read_body(self) -> Iterator[bytes]:
        """The first bytes, one more than dockerd shows a plugin; the rest is read and dropped."""
        length = 0
        for piece in self._read_pieces():
            if length <= MAX_SHOWN_BYTES:
                yield piece[: MAX_SHOWN_BYTES + 1 - length]
            length += len(piece)

    def _read_pieces(self) -> Iterator[bytes]:
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            yield from self._read_exactly(int(self.headers.get("Content-Length", "0")))
            return
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            yield from self._read_exactly(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def _read_exactly(self, size: int) -> Iterator[bytes]:
        while size > 0 and (piece := self.rfile.read(min(size, _PIECE))):
            size -= len(piece)
            yield piece

    def _send(self, answer: Answer) -> None:
        try:
            if answer.hijacked:
                self._hand_over(answer)
            elif answer.stream is not None and self.command != "HEAD":
                self._send_stream(answer)
            else:
                self._send_whole(answer)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _send_head(self, answer: Answer, **more: str) -> None:
        self.send_response_only(answer.status)
        headers = _HEADERS | dict(answer.headers) | {name.replace("_", "-"): value for name, value in more.items()}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send_whole(self, answer: Answer) -> None:
        if answer.status in (204, 304):
            self._send_head(answer)
            return
        body = b"" if answer.body is None else json.dumps(answer.body).encode() + b"\n"
        kind = {"Content_Type": "application/json"} if body else {}
        self._send_head(answer, Content_Length=str(len(body)), **kind)
        if self.command != "HEAD":
            self.wfile.write(body)

    def _send_stream(self, answer: Answer) -> None:
        self._send_head(answer, Transfer_Encoding="chunked")
        for piece in answer.stream or ():
            if piece:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def _hand_over(self, answer: Answer) -> None:
        """The bare connection: what the client sends is dropped, and both directions are closed."""
        self._send_head(answer)
        for piece in answer.stream or ():
            self.wfile.write(piece)
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(_CLOSE_TIMEOUT_SECONDS)
        try:
            while self.connection.recv(_PIECE):
                pass
        except TimeoutError:
            pass
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """No log: the caller of the stand-in reports requests."""
