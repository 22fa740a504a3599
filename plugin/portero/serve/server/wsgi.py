"""How one page is asked of a WSGI application (PEP 3333), which is made when the first is.

The application of Portero's status is made of flask, which takes a tenth of a second and six megabytes to load. dockerd
asks for no page.
"""

import io
import logging
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes

_LOG = logging.getLogger(__name__)

Page: TypeAlias = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class LazyPage:
    """An application that is made with its first page; tried again with the next while its files cannot be read."""

    def __init__(self, make: Callable[[], Page]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._page: Page | None = None

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        try:
            with self._lock:
                self._page = self._page or self._make()
        except (ImportError, OSError) as error:
            _LOG.error("no page can be made: %s", error)
            start("503 Service Unavailable", [])
            return []
        return self._page(environ, start)


def ask_page(page: Page, method: str, target: str, data: bytes) -> tuple[str, Mapping[str, str], bytes]:
    """The page for one request. Of a repeated field the last one counts; ours have none."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start(status: str, fields: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], object]:
        started.append((status, fields))
        return lambda piece: None

    answer = page(_make_environ(method, target, data), start)
    try:
        content = b"".join(answer)
    finally:
        close = getattr(answer, "close", None)
        if close is not None:
            close()
    status, fields = started[-1]
    return status, dict(fields), content


def _make_environ(method: str, target: str, data: bytes) -> dict[str, Any]:
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
