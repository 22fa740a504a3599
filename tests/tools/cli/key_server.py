"""An issuer's server for tests: https on loopback, with an authority of its own; and a proxy that leads there."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from portero.tools.cli.authority import Authority, make_authority
from tests.unix_server import run_server


class KeyServer:
    """Serves these answers: bytes, or a number for a status, or an address to be redirected to."""

    def __init__(self, folder: Path, answers: dict[str, bytes | int | str]) -> None:
        made = make_authority("issuers", 2)
        server = Authority.read(made.certificate, made.key).issue(
            "server", "issuer", (), ["127.0.0.1", "keys.example.com"], 1
        )
        self.ca = folder / "authority.pem"
        self.ca.write_bytes(made.certificate)
        (folder / "server.pem").write_bytes(server.key + server.certificate)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = answers.get(self.path, 404)
                if isinstance(answer, int):
                    self.send_error(answer)
                    return
                self.send_response(302 if isinstance(answer, str) else 200)
                if isinstance(answer, str):
                    self.send_header("Location", answer)
                self.end_headers()
                self.wfile.write(answer if isinstance(answer, bytes) else b"")

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem")
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self._server.server_port}"
        self._running = run_server(self._server)

    def __enter__(self) -> "KeyServer":
        self._running.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.__exit__(None, None, None)


@contextmanager
def serve_proxy(server: KeyServer, asked: list[tuple[str, str | None]], status: int = 200) -> Iterator[str]:
    """The host and port of a proxy that connects everybody to this server, and keeps what it was asked, and by whom."""

    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            asked.append((self.path, self.headers["Proxy-Authorization"]))
            self.send_response(status)
            self.end_headers()
            if status != 200:
                return
            with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as there:
                back = threading.Thread(target=_pass_on, args=(there, self.connection))
                back.start()
                _pass_on(self.connection, there)
                back.join()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with run_server(running):
        yield f"127.0.0.1:{running.server_port}"


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    while data := source.recv(1 << 16):
        target.sendall(data)
    target.shutdown(socket.SHUT_WR)
