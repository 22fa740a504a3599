"""A dockerd that answers what a test tells it to."""

import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any


class Dockerd:
    """Answers at a Unix socket: `answers` maps "GET /info" to status and body; `asked` is what came in."""

    def __init__(self, address: Path) -> None:
        self.address = str(address)
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.asked: list[tuple[str, Mapping[str, str], bytes]] = []

    def says(self, request: str, status: int, answer: Any) -> None:
        self.answers[request] = (status, answer if isinstance(answer, bytes) else json.dumps(answer).encode())

    def handler(self) -> type[BaseHTTPRequestHandler]:
        dockerd = self

        class Handler(BaseHTTPRequestHandler):
            def address_string(self) -> str:
                return "unix"

            def log_message(self, format: str, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                self._answer(b"")

            def do_POST(self) -> None:
                length = self.headers.get("Content-Length")
                self._answer(self.rfile.read(int(length)) if length is not None else self._chunks())

            def _chunks(self) -> bytes:
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            def _answer(self, body: bytes) -> None:
                request = f"{self.command} {self.path.partition('?')[0]}"
                dockerd.asked.append((request, dict(self.headers), body))
                status, answer = dockerd.answers.get(request, (404, b'{"message":"page not found"}'))
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        return Handler
