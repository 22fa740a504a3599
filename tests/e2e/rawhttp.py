"""HTTP over a Unix socket byte by byte, for requests that no client library would send."""

import http.client
import json
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

READ_AT_MOST = 1 << 20
CHUNK = 16384


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; status 0 means that no answer came."""

    status: int
    body: bytes

    @property
    def message(self) -> str:
        """dockerd's own message, or the beginning of what it sent instead."""
        found = self.json()
        return str(found["message"]) if isinstance(found, dict) and "message" in found else self.text()[:400]

    def text(self) -> str:
        """The body as text, whatever it holds."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON, None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


def render(
    method: str,
    target: str,
    headers: Iterable[Sequence[str]] = (),
    body: bytes | None = None,
    *,
    chunked: bool = False,
    protocol: str = "HTTP/1.1",
) -> bytes:
    """Write a request down. Host, Connection and Content-Length are added unless the case brings its own."""
    lines = [tuple(header) for header in headers]
    names = {name.lower() for name, _ in lines}
    if "host" not in names:
        lines.insert(0, ("Host", "docker"))
    if "connection" not in names:
        lines.append(("Connection", "close"))
    if chunked:
        lines.append(("Transfer-Encoding", "chunked"))
    elif body is not None and "content-length" not in names:
        lines.append(("Content-Length", str(len(body))))
    head = [f"{method} {target} {protocol}", *(f"{name}: {value}" for name, value in lines), "", ""]
    return "\r\n".join(head).encode() + (_chunks(body or b"") if chunked else body or b"")


def _chunks(body: bytes) -> bytes:
    pieces = [body[i : i + CHUNK] for i in range(0, len(body), CHUNK)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def exchange(path: Path, data: bytes, timeout: float = 8, *, pipelined: bool = False) -> Answer:
    """Send bytes, read the first final answer (the last one on the connection when `pipelined`)."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout)
        try:
            connection.connect(str(path))
            _send(connection, data)
            return _last(connection) if pipelined else _first(connection)
        except (OSError, http.client.HTTPException):
            return Answer(0, b"")


def _send(connection: socket.socket, data: bytes) -> None:
    try:
        connection.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        return  # the daemon answers and closes before it has read everything; the answer counts


def _first(connection: socket.socket) -> Answer:
    with http.client.HTTPResponse(connection) as response:
        response.begin()
        try:
            body = response.read(READ_AT_MOST)
        except (OSError, http.client.HTTPException):
            body = b""  # a stream that does not end; the status is what counts
        return Answer(response.status, body)


def _last(connection: socket.socket) -> Answer:
    received = b""
    while len(received) < READ_AT_MOST and (piece := connection.recv(65536)):
        received += piece
    last = received[received.rfind(b"HTTP/1.1 ") :]
    head, _, body = last.partition(b"\r\n\r\n")
    return Answer(int(head[9:12] or b"0"), body)


class Client:
    """Plain JSON requests to one Unix socket, for preparing and inspecting."""

    def __init__(self, path: Path, timeout: float = 20) -> None:
        self.path = path
        self.timeout = timeout

    def ask(self, method: str, target: str, body: object = None) -> Answer:
        """Send `body` as JSON (nothing when None) and read the answer."""
        if body is None:
            return exchange(self.path, render(method, target), self.timeout)
        data = json.dumps(body).encode()
        return exchange(self.path, render(method, target, [("Content-Type", "application/json")], data), self.timeout)

    def get(self, target: str) -> Any:
        """The JSON that GET answers."""
        return self.ask("GET", target).json()
