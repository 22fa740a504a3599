"""Asks a WSGI application (PEP 3333) for one page: method, target and body in, status, fields and content out.

The pages about the status of portero. Docker's own calls are in portero.server.plugin_protocol.

Any other path is an HTTP error, never a 200 that allows.
"""

import io
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from portero.server.plugin_protocol import CONTENT_TYPE, Answers
from portero.status import metrics
from portero.values.json_types import JSON

_LOG = logging.getLogger(__name__)

Page: TypeAlias = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class LaterPage:
    """An application that is made when it is first asked for a page.

    Where its files cannot be read just now, the page is not available, and it is tried again with the next.
    """

    def __init__(self, make: Callable[[], Page]) -> None:
        self._make = make
        self._making = threading.Lock()
        self._made: Page | None = None

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        try:
            with self._making:
                self._made = self._made or self._make()
        except (ImportError, OSError) as error:
            _LOG.error("no page can be made: %s", error)
            start("503 Service Unavailable", [])
            return []
        return self._made(environ, start)


def ask_page(page: Page, method: str, target: str, data: bytes) -> tuple[str, Mapping[str, str], bytes]:
    """The page for one request. A field that comes twice counts once: ours come once."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start(status: str, fields: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], object]:
        started.append((status, fields))
        return lambda piece: None

    given = page(_environ(method, target, data), start)
    try:
        content = b"".join(given)
    finally:
        close = getattr(given, "close", None)
        if close is not None:
            close()
    status, fields = started[-1]
    return status, dict(fields), content


def _environ(method: str, target: str, data: bytes) -> dict[str, Any]:
    path, _, query = target.partition("?")
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "portero",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(data)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(data),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def create(answers: Answers) -> Flask:
    """The pages of one set of answers."""
    app = Flask("portero", static_folder=None)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, lambda error: _failure(answers, error))

    @app.get("/healthz")
    def health() -> Response:
        return _reply(answers.health())

    @app.get("/status")
    def status() -> Response:
        return _reply(answers.status())

    @app.get("/metrics")
    def metrics_text() -> Response:
        return Response(answers.metrics_text(), content_type=metrics.CONTENT_TYPE)

    return app


def _http_error(error: HTTPException) -> Response:
    return _reply({"Err": f"portero: {error.name}"}, error.code or 500)


def _failure(answers: Answers, error: Exception) -> Response:
    _LOG.error("internal error", exc_info=error)
    return _reply(answers.failure())


def _reply(document: Mapping[str, JSON], status: int = 200) -> Response:
    return Response(json.dumps(document), status=status, content_type=CONTENT_TYPE)
