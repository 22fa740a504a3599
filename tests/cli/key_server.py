"""An issuer's server for tests: https on loopback, with an authority of its own."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.identity.certificate_makers import CLIENT_KEY, make_authority


class KeyServer:
    """Serves these answers: bytes, or a number for a status, or an address to be redirected to."""

    def __init__(self, folder: Path, answers: dict[str, bytes | int | str]) -> None:
        authority = make_authority(begin=1e9, end=4e9)
        server = authority.issue(["127.0.0.1"], begin=1e9, end=4e9, names=[x509.IPAddress(ip_address("127.0.0.1"))])
        self.ca = folder / "authority.pem"
        self.ca.write_bytes(authority.pem())
        key = CLIENT_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "server.pem").write_bytes(key + server.public_bytes(Encoding.PEM))

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
