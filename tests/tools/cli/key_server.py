"""An issuer's server for tests: https on loopback, with an authority of its own; and a proxy that leads there."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from portero.tools.cli.authority import Authority, make_authority
from tests.tools.registries import signed
from tests.unix_server import Handler, run_server


@dataclass(frozen=True)
class KeyServer:
    """`ca`: the file of the authority that vouches for it."""

    url: str
    ca: Path


@contextmanager
def serve_keys(folder: Path, answers: dict[str, bytes | int | str]) -> Iterator[KeyServer]:
    """Serve these answers: bytes, or a number for a status, or an address to be redirected to."""
    made = make_authority("issuers", 2)
    issued = Authority.read(made.certificate, made.key).issue(
        "server", "issuer", (), ["127.0.0.1", "keys.example.com"], 1
    )
    for name, content in (("authority", made.certificate), ("cert", issued.certificate), ("key", issued.key)):
        (folder / f"{name}.pem").write_bytes(content)

    def respond(handler: BaseHTTPRequestHandler) -> None:
        # A proxy passes on until the server ends.
        handler.close_connection = True
        given = answers.get(handler.path, 404)
        if isinstance(given, int):
            signed.answer(handler, given)
        elif isinstance(given, str):
            signed.answer(handler, 302, Location=given)
        else:
            signed.answer(handler, 200, given)

    with signed.server(respond, folder) as url:
        yield KeyServer(url, folder / "authority.pem")


@contextmanager
def serve_proxy(server: KeyServer, asked: list[tuple[str, str | None]], status: int = 200) -> Iterator[str]:
    """The host and port of a proxy that connects everybody to this server, and keeps what it was asked, and by whom."""

    class Proxy(Handler):
        protocol_version = "HTTP/1.0"

        def do_CONNECT(self) -> None:  # noqa: N802 - http.server's name
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

    running = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    with run_server(running):
        yield f"127.0.0.1:{running.server_port}"


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    while data := source.recv(1 << 16):
        target.sendall(data)
    target.shutdown(socket.SHUT_WR)
