"""The head of a client's one request: read strictly, and written anew with one stamp for dockerd.

dockerd is asked to close the connection after its answer, so it never reads a second request from it: whatever follows
the head belongs to this request, and need not be read here.
"""

import re

from portero.decide.identity.trusted import STAMP_HEADER, TOKEN_HEADER
from portero.decide.reading.http_parser import Head, Malformed, parse_head
from portero.decide.values.dataclass import dataclass
from portero.decide.values.errors import PorteroError
from portero.decide.values.spelling import make_printable

# Twelve logins of a large registry (X-Registry-Config) are 44 KB. dockerd takes 1 MiB; a stamp is 50 KiB at most.
MAX_HEAD, _MAX_FIELDS = 64 << 10, 200
_MAX_SHOWN = 64
_CR_LF, _LF = b"\r\n", b"\n"
_VERSION = re.compile(rb"HTTP/[0-9]+(?:\.[0-9]+)?$")
_HTTP_1_1 = b" HTTP/1.1"
# What belongs to one connection, and what would name the caller. An underscore may pass for a hyphen elsewhere.
_DROPPED = frozenset(
    {STAMP_HEADER.lower(), "connection", "http2-settings", "keep-alive", "proxy-connection", "te", "trailer"}
)
_CONNECTION = "connection"
# dockerd decides by the last of several, and what reads the request elsewhere by the first.
_ONCE = "content-type"
_UPGRADE = "upgrade"
# What docker's clients go on in HTTP/2 after.
_MAY_UPGRADE = re.compile(rb"POST (?:/v[0-9.]+)?/(?:grpc|session) HTTP/1\.1")
_OF_BODY = frozenset({b"content-length", b"expect", b"transfer-encoding"})


class ExcessiveHead(PorteroError):
    """A head is too long to be read: which part of it, and the cure."""


@dataclass(frozen=True, slots=True)
class RequestHead:
    """A request line and the fields that dockerd gets. `upgrades`: the client asks for another protocol."""

    line: bytes
    fields: tuple[bytes, ...]
    upgrades: bool
    parsed: Head
    content_type: str = ""

    @property
    def wants_no_content(self) -> bool:
        return self.line.startswith(b"HEAD ")

    def write(self, stamp: str) -> bytes:
        connection = b"Connection: close, Upgrade" if self.upgrades else b"Connection: close"
        return b"\r\n".join((self.line, *self.fields, write_stamp(stamp).encode("ascii"), connection, b"", b""))

    def change(self, target: str | None, length: int | None) -> "RequestHead":
        """With another target, or a body of another length, which was received whole."""
        line, fields = self.line, self.fields
        if target is not None:
            line = f"{self.parsed.method} {target}".encode("ascii") + _HTTP_1_1
        if length is not None:
            kept = [field for field in fields if field.partition(b":")[0].lower() not in _OF_BODY]
            fields = (*kept, b"Content-Length: %d" % length)
        return RequestHead(line, fields, self.upgrades, self.parsed, self.content_type)


# RFC 9113, section 3.4: how HTTP/2 begins.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
GRPC = RequestHead(
    b"POST /grpc HTTP/1.1",
    (b"Host: docker", b"Content-Length: 0", b"Upgrade: h2c"),
    upgrades=True,
    parsed=Head("POST", "/grpc", 0, last=True, expects=False),
)


def write_stamp(stamp: str) -> str:
    """The field that says who asks."""
    return f"{STAMP_HEADER}: {stamp}"


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
    parsed = parse_head(text)
    if not parsed.target.startswith("/"):
        raise Malformed(400, "Bad Request")
    named: list[tuple[str, bytes]] = []
    values: dict[str, list[bytes]] = {}
    for field in fields:
        name, _, value = field.partition(b":")
        named.append((key := name.decode("ascii").lower().replace("_", "-"), field))
        values.setdefault(key, []).append(value)
    types = values.get(_ONCE, [])
    if len(types) > 1:
        raise Malformed(400, "Bad Request")
    dropped = _DROPPED if keeps_token else _DROPPED | {TOKEN_HEADER.lower()}
    tokens = b",".join(values.get(_CONNECTION, [])).lower().split(b",")
    upgrades = b"upgrade" in [token.strip(b" \t") for token in tokens]
    if b"h2c" in b",".join(values.get(_UPGRADE, [])).lower() and not _MAY_UPGRADE.fullmatch(line):
        # Java's HttpClient asks so in each first request, and goes on in HTTP/1.1 when the server does not agree.
        dropped, upgrades = dropped | {_UPGRADE}, False
    kept = tuple([field for name, field in named if name not in dropped])
    return RequestHead(line, kept, upgrades, parsed, *[value.decode("latin-1").strip() for value in types])


class HeadReader:
    """The head of a connection, as its bytes come. `rest`: what was read after it."""

    def __init__(self, *, keeps_token: bool) -> None:
        self.rest = bytearray()
        self._keeps_token = keeps_token
        # Of the first line; empty until it has come.
        self._line_end = b""

    def feed(self, piece: bytes | memoryview) -> RequestHead | None:
        """The head when it is whole; raises Malformed, and ExcessiveHead."""
        start = max(0, len(self.rest) - 2 * len(_CR_LF))
        self.rest += piece
        if PREFACE.startswith(self.rest[: len(PREFACE)]):
            # Native gRPC, whose bytes dockerd gets after it was asked for POST /grpc.
            return GRPC if len(self.rest) >= len(PREFACE) else None
        end = self._find_end(start)
        if end < 0 and len(self.rest) <= MAX_HEAD:
            return None
        head = bytes(self.rest if end < 0 else self.rest[:end])
        if fault := name_excess(head):
            raise ExcessiveHead(fault)
        # What ends in another way than the first line is malformed then.
        read = read_request_head(head.replace(self._line_end, _CR_LF), keeps_token=self._keeps_token)
        del self.rest[: end + 2 * len(self._line_end)]
        return read

    def _find_end(self, start: int) -> int:
        """Where the head ends; -1: it has not come. Jenkins ends its lines with LF alone, which dockerd takes too."""
        if not self._line_end and (first := self.rest.find(_LF, start)) >= 0:
            self._line_end = _CR_LF if self.rest[max(0, first - 1) : first] == b"\r" else _LF
        return self.rest.find(2 * self._line_end, start) if self._line_end else -1
