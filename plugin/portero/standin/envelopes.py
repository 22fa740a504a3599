"""Turns a client's HTTP request into the envelope that dockerd would post (moby pkg/authorization/authz.go).

The body is shown when the first Content-Type is application/json and it has at most MAX_SHOWN_BYTES; of headers that
are repeated the last value is shown, and credentials are not.
"""

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from portero.values.json_types import JSON

MAX_SHOWN_BYTES = 4 * 1024 * 1024

Headers = Sequence[tuple[str, str]]

# net/http takes the first two out of the header (Go src/net/http/request.go, transfer.go); dockerd hides the others.
_NOT_SHOWN = frozenset({"host", "transfer-encoding", "authorization", "x-registry-auth", "x-registry-config"})
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_LOGIN = re.compile(r"[^/]*/(v\d[\d.]*/)?auth.*")


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """An HTTP request: method, raw target, headers in order, body without its transfer coding."""

    method: str
    target: str
    headers: Headers
    body: bytes = b""

    def header(self, name: str) -> str:
        """The first value of a header, which is the one that dockerd acts on."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def shows_json(self) -> bool:
        """Whether dockerd would show the body to a plugin."""
        media_type = self.header("content-type").partition(";")[0].strip().lower()
        return media_type == "application/json" and not _BAD_ESCAPE.search(self.target) and not self._logs_in

    @property
    def is_too_large(self) -> bool:
        """Whether dockerd refuses to ask a plugin about it at all."""
        return self.shows_json and len(self.body) > MAX_SHOWN_BYTES

    @property
    def _logs_in(self) -> bool:
        return _LOGIN.fullmatch(unquote(self.target.partition("?")[0])) is not None


def envelope(request: ClientRequest) -> bytes:
    """The document that dockerd would post about this request, on a Unix socket and so without a user."""
    document: dict[str, JSON] = {"RequestMethod": request.method, "RequestUri": request.target}
    if request.shows_json and request.body:
        document["RequestBody"] = base64.b64encode(request.body).decode()
    headers = _show_headers(request.headers)
    if headers:
        document["RequestHeaders"] = headers
    return json.dumps(document).encode()


def _show_headers(headers: Headers) -> dict[str, JSON]:
    chunked = any(name.lower() == "transfer-encoding" for name, _ in headers)
    hidden = _NOT_SHOWN | {"content-length"} if chunked else _NOT_SHOWN
    return {
        "-".join(part.capitalize() for part in name.split("-")): value
        for name, value in headers
        if name.lower() not in hidden
    }
