"""The head of a client's one request: read strictly, and written anew with one stamp for dockerd.

dockerd is asked to close the connection after its answer, so it never reads a second request from it: whatever follows
the head belongs to this request, and need not be read here.
"""

import re

from portero.decide.identity.trusted import STAMP_HEADER, TOKEN_HEADER
from portero.decide.reading.http_parser import Malformed, parse_head
from portero.decide.values.dataclass import dataclass
from portero.decide.values.spelling import make_printable

# Twelve logins of a large registry (X-Registry-Config) are 44 KB. dockerd takes 1 MiB; a stamp is 50 KiB at most.
MAX_HEAD, _MAX_FIELDS = 64 << 10, 200
_MAX_SHOWN = 64
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


def name_excess(head: bytes) -> str:
    """Why a head, or its beginning, is too long to be read; empty where it is not."""
    if len(head) <= MAX_HEAD and head.count(b"\n") <= _MAX_FIELDS:
        return ""
    line, *fields = head.split(b"\n")
    field = max(fields, key=len, default=b"").strip()
    name = field.partition(b":")[0] if len(field) > len(line) else b"the request line"
    shown, size = make_printable(name[:_MAX_SHOWN].decode("latin-1")), max(len(field), len(line))
    return (
        f"a head has at most {MAX_HEAD >> 10} KiB and {_MAX_FIELDS} fields, and this one has more. Largest is {shown} "
        f"({size} bytes): send less there, with fewer logins (docker logout), say, or fewer HttpHeaders (config.json)."
    )


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
