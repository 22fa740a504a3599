"""The head of a client's one request: read strictly, and written anew with one stamp for dockerd.

dockerd is asked to close the connection after its answer, so it never reads a second request from it: whatever follows
the head belongs to this request, and need not be read here.
"""

import re
from dataclasses import dataclass

from portero.decide.identity.trusted import STAMP_HEADER, TOKEN_HEADER
from portero.decide.reading.http_parser import Malformed, parse_head

# Go accepts 1 MiB and 4 KiB (net/http, DefaultMaxHeaderBytes); a stamp with 256 groups has 50 KiB at most.
MAX_HEAD = (1 << 20) - (64 << 10)
_VERSION = re.compile(rb"HTTP/[0-9]+(?:\.[0-9]+)?$")
_HTTP_1_1 = b" HTTP/1.1"
# What belongs to one connection, and what would name the caller. An underscore may pass for a hyphen elsewhere.
_DROPPED = frozenset(
    {STAMP_HEADER.lower(), "connection", "http2-settings", "keep-alive", "proxy-connection", "te", "trailer"}
)
_CONNECTION = "connection"
# dockerd decides by the last of several, and what reads the request elsewhere by the first.
_ONCE = "content-type"


@dataclass(frozen=True, slots=True)
class RequestHead:
    """A request line and the fields that dockerd gets. `upgrades`: the client asks for another protocol."""

    line: bytes
    fields: tuple[bytes, ...]
    upgrades: bool

    @property
    def wants_no_content(self) -> bool:
        return self.line.startswith(b"HEAD ")

    def write(self, stamp: str) -> bytes:
        connection = b"Connection: close, Upgrade" if self.upgrades else b"Connection: close"
        stamped = f"{STAMP_HEADER}: {stamp}".encode("ascii")
        return b"\r\n".join((self.line, *self.fields, stamped, connection, b"", b""))


def read_request_head(text: bytes, *, keeps_token: bool) -> RequestHead:
    """The head in `text`, which ends before the empty line; raises Malformed.

    Unless it `keeps_token`, the client's own token is left out.
    """
    line, *fields = text.split(b"\r\n")
    if not line.endswith(_HTTP_1_1) and _VERSION.search(line):
        raise Malformed(505, "HTTP Version Not Supported")
    if not parse_head(text).target.startswith("/"):
        raise Malformed(400, "Bad Request")
    named = [(field.partition(b":")[0].decode("ascii").lower().replace("_", "-"), field) for field in fields]
    if [name for name, _ in named].count(_ONCE) > 1:
        raise Malformed(400, "Bad Request")
    dropped = _DROPPED if keeps_token else _DROPPED | {TOKEN_HEADER.lower()}
    tokens = b",".join(field.partition(b":")[2] for name, field in named if name == _CONNECTION)
    upgrades = b"upgrade" in {token.strip(b" \t").lower() for token in tokens.split(b",")}
    return RequestHead(line, tuple(field for name, field in named if name not in dropped), upgrades)
