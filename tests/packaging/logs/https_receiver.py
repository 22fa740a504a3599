"""Receives lines over HTTPS; each request is a file before it is answered.

usage: python -m tests.packaging.logs.https_receiver PORT CERTIFICATE FOLDER
"""

import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4


class Handler(BaseHTTPRequestHandler):
    """Takes whatever is posted."""

    protocol_version = "HTTP/1.1"
    folder: Path

    def do_POST(self) -> None:
        part = self.folder / f"{uuid4()}.part"
        part.write_bytes(self.rfile.read(int(self.headers["Content-Length"])).rstrip(b"\n") + b"\n")
        part.rename(part.with_suffix(".jsonl"))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


if __name__ == "__main__":
    port, certificate, folder = sys.argv[1:]
    Handler.folder = Path(folder)
    Handler.folder.mkdir(exist_ok=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{certificate}/cert.pem", f"{certificate}/key.pem")
    with ThreadingHTTPServer(("127.0.0.1", int(port)), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.serve_forever()
