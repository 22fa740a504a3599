"""An authorization plugin that allows everything and keeps what dockerd asks; it takes dockerd's traces too.

usage: python -m tests.differential.recorder SOCKET FILE PORT SPANS

Each AuthZReq becomes a line of FILE before it is answered. A request with the header X-Refuse fails, so that dockerd
finds its route, names it in its log and does nothing. Each post to PORT (OTLP over HTTP) becomes a line in base64 of
SPANS.
"""

import base64
import json
import socketserver
import sys
import threading
from pathlib import Path
from typing import BinaryIO

from tests import unix_server

_LOCK = threading.Lock()


class TracesServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Where dockerd posts its spans."""

    daemon_threads = True
    allow_reuse_address = True


class Handler(unix_server.Handler):
    """What both have in common."""

    kept: BinaryIO

    def keep(self, line: bytes) -> None:
        with _LOCK:
            self.kept.write(line + b"\n")
            self.kept.flush()


class PluginHandler(Handler):
    """The three calls of the authorization protocol."""

    def respond(self) -> None:
        """Activate, or keep the request and allow it."""
        posted = self.posted()
        if self.path == "/Plugin.Activate":
            self.reply({"Implements": ["authz"]})
            return
        allowed = True
        if self.path.endswith("AuthZReq"):
            headers = json.loads(posted).get("RequestHeaders") or {}
            if "X-Case" in headers:
                self.keep(posted.strip())
            allowed = "X-Refuse" not in headers
        self.reply({"Allow": allowed, "Msg": "recorded"}, 200 if allowed else 500)


class TracesHandler(Handler):
    """Spans of dockerd, as protobuf."""

    def respond(self) -> None:
        """Keep the spans."""
        self.keep(base64.b64encode(self.posted()))
        self.reply(b"")


def main() -> None:
    """Serve until killed."""
    socket, file, port, spans = sys.argv[1:]
    Path(socket).unlink(missing_ok=True)
    with open(file, "ab") as PluginHandler.kept, open(spans, "ab") as TracesHandler.kept:
        traces = TracesServer(("127.0.0.1", int(port)), TracesHandler)
        threading.Thread(target=traces.serve_forever, daemon=True).start()
        with unix_server.Server(socket, PluginHandler) as server:
            server.serve_forever()


if __name__ == "__main__":
    main()
