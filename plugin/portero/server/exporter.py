"""Metrics on a loopback port, for a Prometheus that cannot ask over a Unix socket: GET /metrics and nothing else.

A process of its own serves them, since the port must not lead to the plugin's calls. It ends with its parent.
"""

import logging
import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer

from portero.service.metrics import CONTENT_TYPE

_LOOKS_FOR_PARENT_EVERY = 0.5
_LOG = logging.getLogger(__name__)
_PATIENCE = 5.0


class _MetricsServer(ThreadingTCPServer):  # http.server's own would look its name up in the DNS
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], text: Callable[[], bytes]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.text = text
        self.timeout = _LOOKS_FOR_PARENT_EVERY
        super().__init__(address, _Page)


class _Page(BaseHTTPRequestHandler):
    server: _MetricsServer
    timeout = _PATIENCE
    server_version = "portero"
    sys_version = ""

    def do_GET(self) -> None:
        """The metrics; any other path is not found."""
        if self.path != "/metrics":
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        text = self.server.text()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        """No line for every scrape."""


class Exporter:
    """The process that serves a text on an address."""

    def __init__(self, address: tuple[str, int], text: Callable[[], bytes]) -> None:
        """Raises OSError when the address cannot be had. Called before there are threads: it forks."""
        with _MetricsServer(address, text) as server:
            self.port = int(server.server_address[1])
            self._parent = os.getpid()
            self._process = os.fork()
            if self._process == 0:
                _serve(server, self._parent)

    def stop(self) -> None:
        """End it, if we are the process that started it."""
        # Workers are forks that return through the same frames as their master; gunicorn reaps ended processes.
        if os.getpid() == self._parent:
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(self._process, signal.SIGTERM)
                os.waitpid(self._process, 0)


def _serve(server: _MetricsServer, parent: int) -> None:
    """Never returns: this process is a fork, and the frames below it are its parent's."""
    status = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a reload is for the workers
        while os.getppid() == parent:
            server.handle_request()
        status = 0
    except Exception as error:  # noqa: BLE001 - after any error it must not run on in the parent's frames
        _LOG.error("metrics exporter stopped", exc_info=error)
    finally:
        os._exit(status)
