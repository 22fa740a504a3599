"""An issuer's server for tests: https on loopback, with an authority of its own."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from portero.identity.authority import Authority, make_authority


class KeyServer:
    """Serves these answers: bytes, or a number for a status, or an address to be redirected to."""

    def __init__(self, folder: Path, answers: dict[str, bytes | int | str]) -> None:
        made = make_authority("issuers", 2)
        server = Authority.read(made.certificate, made.key).issue("server", "issuer", (), ["127.0.0.1"], 1)
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
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> "KeyServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
