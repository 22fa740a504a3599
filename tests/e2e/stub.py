"""A plugin that gives every request the same answer: it proves the harness, and is what the bench compares with.

usage: python stub.py SOCKET allow|deny|halt

halt refuses as deny does, but for lookups of networks: a plugin before it in the list may need one to decide.
"""

import json
import os
import socketserver
import sys
from http.server import BaseHTTPRequestHandler
from typing import Any


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """One thread a connection, as dockerd opens many at once."""

    daemon_threads = True
    request_queue_size = 64


class Handler(BaseHTTPRequestHandler):
    """Answers the three calls of the authorization protocol."""

    protocol_version = "HTTP/1.1"
    answer = "deny"

    def do_POST(self) -> None:
        """Activate, or give the one answer."""
        asked = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        activation = self.path == "/Plugin.Activate"
        answer: dict[str, object] = (
            {"Implements": ["authz"]} if activation else {"Allow": self._allows(asked), "Msg": "stub"}
        )
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _allows(self, asked: bytes) -> bool:
        if self.answer != "halt":
            return self.answer == "allow"
        envelope = json.loads(asked or b"{}")
        return envelope.get("RequestMethod") == "GET" and "/networks/" in str(envelope.get("RequestUri"))

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def address_string(self) -> str:
        """A Unix peer has no address."""
        return ""


def main() -> None:
    """Serve until killed."""
    path, Handler.answer = sys.argv[1:]
    if os.path.exists(path):
        os.unlink(path)
    with Server(path, Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
