"""Asks a WSGI application (PEP 3333) for one page: method, target and body in, status, fields and content out."""

import io
import logging
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes

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
