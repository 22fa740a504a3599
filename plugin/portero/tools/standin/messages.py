"""Requests of clients to the stand-in, its answers, and the envelope that dockerd would post about a request.

The body is shown when the first Content-Type is application/json and it has at most MAX_SHOWN_BYTES; of headers that
are repeated the last value is shown, and credentials are not (moby pkg/authorization/authz.go).
"""

import base64
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import unquote

from portero.decide.reading.uri import BAD_ESCAPE, find_first
from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.json_fields import JSON
from portero.decide.values.json_objects import load_object

Object: TypeAlias = dict[str, JSON]

# The stream of a container without a terminal has frames, of one with a terminal plain bytes; both are empty here.
RAW = {"Content-Type": "application/vnd.docker.raw-stream", "Connection": "Upgrade", "Upgrade": "tcp"}


@dataclass(frozen=True, slots=True)
class Call:
    """One API call: its operation, path parameters and query as dockerd's router sees them; {} when without a body."""

    operation: str
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    body: Object = field(default_factory=dict)
    client: str = ""

    def find_first(self, name: str) -> str:
        """The value of a query parameter that counts, empty when it was not sent."""
        return find_first(self.query, name)

    def read_filters(self) -> Mapping[str, list[str]]:
        """The filters of a list, as clients write them: {"label": {"a=b": true}} or, long ago, {"label": ["a=b"]}."""
        try:
            filters: dict[str, Any] = load_object(self.find_first("filters") or "{}")
        except ValueError:
            return {}
        return {name: list(values) for name, values in filters.items()}

    def wants(self, labels: Mapping[str, JSON]) -> bool:
        """Whether labels satisfy the filter of a list by NAMEs and NAME=VALUEs."""
        pairs = (label.partition("=") for label in self.read_filters().get("label", []))
        return all(name in labels and (not sign or labels[name] == value) for name, sign, value in pairs)

    @property
    def is_compose(self) -> bool:
        """Whether the client is compose, which makes what is missing; the docker command uses what exists."""
        return "compose" in self.client.lower()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer. A stream is sent piece by piece, after the status; a hijacked one is the bare connection."""

    status: int = 200
    body: JSON = None
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: Iterable[bytes] | None = None
    hijacked: bool = False


def make_failure(status: int, message: str) -> Answer:
    """An error as dockerd words it."""
    return Answer(status, {"message": message})


def stream_documents(*documents: Object) -> Answer:
    """A stream of JSON documents, as dockerd reports progress."""
    return Answer(stream=[json.dumps(document).encode() + b"\r\n" for document in documents])


MAX_SHOWN_BYTES = 4 * 1024 * 1024

Headers = Sequence[tuple[str, str]]

# net/http takes the first two out of the header (Go src/net/http/request.go, transfer.go); dockerd hides the others.
_NOT_SHOWN = frozenset({"host", "transfer-encoding", "authorization", "x-registry-auth", "x-registry-config"})
_LOGIN = re.compile(r"[^/]*/(v\d[\d.]*/)?auth.*")


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """An HTTP request: method, raw target, headers in order, body without its transfer coding."""

    method: str
    target: str
    headers: Headers
    body: bytes = b""

    def find_header(self, name: str) -> str:
        """The first value of a header, which is the one that dockerd acts on."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def shows_json(self) -> bool:
        """Whether dockerd would show the body to a plugin."""
        media_type = self.find_header("content-type").partition(";")[0].strip().lower()
        logs_in = _LOGIN.fullmatch(unquote(self.target.partition("?")[0]))
        return media_type == "application/json" and not BAD_ESCAPE.search(self.target) and not logs_in

    @property
    def is_too_large(self) -> bool:
        """Whether dockerd refuses to ask a plugin about it at all."""
        return self.shows_json and len(self.body) > MAX_SHOWN_BYTES


def make_envelope(request: ClientRequest) -> bytes:
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
