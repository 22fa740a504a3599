"""Metrics on a loopback port, for a Prometheus that cannot ask over a Unix socket: GET /metrics and nothing else.

A separate process serves them, since the port must not lead to the plugin's calls. It asks the deciding process over
the socket, and ends with its parent.
"""

import logging
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import TypeAlias

from portero.status.metrics import CONTENT_TYPE

_CHECKS_PARENT_EVERY = 0.5
_LOG = logging.getLogger(__name__)
_TIMEOUT_SECONDS = 5.0
_PAUSE = 0.1
_CACHE_SECONDS = 1.0
_LOOPBACK_HOST = re.compile(r"(?i:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]{1,5})?")
_Request: TypeAlias = socket.socket | tuple[bytes, socket.socket]


class _MetricsServer(ThreadingTCPServer):  # http.server's own would look its name up in the DNS
    daemon_threads = True
    # Any user of the host can connect; more than this many at once are turned away.
    most_connections = 32
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], text: Callable[[], bytes]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.text = text
        self.timeout = _CHECKS_PARENT_EVERY
        self._free = threading.BoundedSemaphore(self.most_connections)
        super().__init__(address, _Page)

    def get_request(self) -> tuple[socket.socket, object]:
        """The next connection. Without free descriptors it stays in the queue: asking at once would be a busy loop."""
        try:
            return super().get_request()
        except OSError:
            time.sleep(_PAUSE)
            raise

    def process_request(self, request: _Request, client_address: object) -> None:
        """Serve it in another thread, if there is one left."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request: _Request, client_address: object) -> None:
        """One connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()


class _Page(BaseHTTPRequestHandler):
    server: _MetricsServer
    timeout = _TIMEOUT_SECONDS
    server_version = "portero"
    sys_version = ""

    def do_GET(self) -> None:
        """The metrics; any other path is not found."""
        # A page in a browser may have its host name lead to 127.0.0.1 and then read the answer.
        if (host := self.headers.get("Host")) is not None and not _LOOPBACK_HOST.fullmatch(host):
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return
        if self.path != "/metrics":
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        try:
            text = self.server.text()
        except (OSError, ValueError):
            self.send_error(HTTPStatus.SERVICE_UNAVAILABLE)
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        """No line for every scrape."""


class CachedText:
    """A text that is fetched at most once a second: any user of the host can scrape, and dockerd must not wait."""

    def __init__(self, fetch: Callable[[], bytes]) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._text = b""
        self._expires = 0.0

    def __call__(self) -> bytes:
        with self._lock:
            if time.monotonic() >= self._expires:
                self._text = self._fetch()
                self._expires = time.monotonic() + _CACHE_SECONDS
            return self._text


class Exporter:
    """The process that serves a text on an address."""

    def __init__(self, address: tuple[str, int], text: Callable[[], bytes]) -> None:
        """Raises OSError when the address cannot be had. Called before there are threads: it forks."""
        with _MetricsServer(address, CachedText(text)) as server:
            self.port = int(server.server_address[1])
            self._parent = os.getpid()
            self._process = os.fork()
            if self._process == 0:
                _serve(server, self._parent)

    def stop(self) -> None:
        """End it, if we are the process that started it."""
        # The deciding process is a fork that returns through the same frames; gunicorn reaps ended processes.
        if os.getpid() == self._parent:
            # The number of a reaped process may be another one's by now, which is no child of ours.
            with suppress(ChildProcessError):
                if os.waitpid(self._process, os.WNOHANG) == (0, 0):
                    os.kill(self._process, signal.SIGTERM)
                    os.waitpid(self._process, 0)


def _serve(server: _MetricsServer, parent: int) -> None:
    """Never returns: this process is a fork, in frames of its parent."""
    status = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a reload is for the deciding process
        while os.getppid() == parent:
            server.handle_request()
        status = 0
    except Exception as error:  # noqa: BLE001 - after any error it must not run on in the parent's frames
        _LOG.error("metrics exporter stopped", exc_info=error)
    finally:
        os._exit(status)
