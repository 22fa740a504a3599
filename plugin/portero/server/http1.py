"""HTTP/1.1 requests as bytes: what a function receives goes in, heads and bodies come out. No socket is touched here.

Refused with Malformed: whatever two readers of HTTP could read differently, and what is longer than its limit. So a
length stands once and in digits, never beside a chunked coding; lines end in CR LF; chunks carry nothing but data.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

LONGEST_HEAD = 32 << 10
_PIECE = 1 << 18
_END = b"\r\n\r\n"
_LINE_END = b"\r\n"
# 8 digits are far more than any body may have, and no work to read.
_LENGTH = re.compile(r"[0-9]{1,8}")
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,7}")
_LONGEST_CHUNK_LINE = 9
# RFC 9112: request line, and fields whose names are tokens. No class meets the one after it: matching is linear.
_HEAD = re.compile(
    r"(?P<method>[A-Z]{1,20}) (?P<target>[!-~]{1,8192}) HTTP/1\.(?P<minor>[01])"
    r"(?P<fields>(?:\r\n[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*)*)"
)
# Said twice, these could be read in two ways.
_ONCE = frozenset({"content-length", "transfer-encoding", "expect", "host"})


class Malformed(Exception):
    """A request that is not answered as asked; the connection ends with it. `status` and `reason` are HTTP's."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(f"{status} {reason}")


@dataclass(frozen=True, slots=True)
class Head:
    """A request without its body. `length` is None for a chunked body; `last`: the client wants no other answer."""

    method: str
    target: str
    length: int | None
    last: bool
    expects: bool


class Reader:
    """The requests of one connection, one after the other. `receive` gives up to so many bytes, none at the end."""

    def __init__(self, receive: Callable[[int], bytes]) -> None:
        self._receive = receive
        self._held = b""

    @property
    def empty(self) -> bool:
        """Whether everything that was received has been given out."""
        return not self._held

    def head(self) -> Head | None:
        """The next head; None when the client has hung up instead."""
        while (end := self._held.find(_END)) < 0:
            if len(self._held) > LONGEST_HEAD:
                raise Malformed(431, "Request Header Fields Too Large")
            piece = self._receive(_PIECE)
            if not piece:
                if self._held:
                    raise Malformed(400, "Bad Request")
                return None
            self._held += piece
        if end > LONGEST_HEAD:
            raise Malformed(431, "Request Header Fields Too Large")
        text, self._held = self._held[:end], self._held[end + len(_END) :]
        return parsed(text)

    def body(self, head: Head, kept: int, most: int) -> bytes:
        """The body, of which only the first `kept` bytes are given out; Malformed beyond `most` or if it ends early."""
        if head.length is not None and head.length <= min(kept, most, len(self._held)):
            return self._taken(head.length)
        pieces, total = [], 0
        for piece in self._chunks() if head.length is None else self._exactly(head.length):
            pieces.append(piece[: max(0, kept - total)])
            total += len(piece)
            if total > most:
                raise Malformed(413, "Content Too Large")
        return b"".join(pieces)

    def _taken(self, length: int) -> bytes:
        data, self._held = self._held[:length], self._held[length:]
        return data

    def _exactly(self, length: int) -> Iterator[bytes]:
        while length > 0:
            if not self._held:
                self._held = self._more()
            piece = self._taken(length)
            length -= len(piece)
            yield piece

    def _chunks(self) -> Iterator[bytes]:
        while size := self._chunk_size():
            yield from self._exactly(size)
            self._expect_line_end()
        self._expect_line_end()

    def _chunk_size(self) -> int:
        while (end := self._held.find(_LINE_END)) < 0 and len(self._held) <= _LONGEST_CHUNK_LINE:
            self._held += self._more()
        if end < 0 or not _CHUNK_SIZE.fullmatch(self._held[:end]):
            raise Malformed(400, "Bad Request")
        size, self._held = int(self._held[:end], 16), self._held[end + len(_LINE_END) :]
        return size

    def _expect_line_end(self) -> None:
        while len(self._held) < len(_LINE_END):
            self._held += self._more()
        if not self._held.startswith(_LINE_END):
            raise Malformed(400, "Bad Request")
        self._held = self._held[len(_LINE_END) :]

    def _more(self) -> bytes:
        piece = self._receive(_PIECE)
        if not piece:
            raise Malformed(400, "Bad Request")
        return piece


# dockerd's heads differ in nothing but the length, and a head holds no secrets. What is kept is found by every byte.
@lru_cache(maxsize=64)
def parsed(text: bytes) -> Head:
    """The head in `text`, which ends before the empty line; raises Malformed."""
    found = _HEAD.fullmatch(text.decode("latin-1"))
    if found is None:
        raise Malformed(400, "Bad Request")
    fields = _fields(found["fields"])
    expects = fields.get("expect", "").lower()
    if expects not in ("", "100-continue"):
        raise Malformed(417, "Expectation Failed")
    closes = "close" in fields.get("connection", "").lower()
    return Head(found["method"], found["target"], _length(fields), closes or found["minor"] == "0", expects != "")


def _fields(lines: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in lines.split("\r\n")[1:]:
        name, _, value = line.partition(":")
        name = name.lower()
        if name in fields and name in _ONCE:
            raise Malformed(400, "Bad Request")
        fields[name] = value.strip(" \t")
    return fields


def _length(fields: dict[str, str]) -> int | None:
    coding, length = fields.get("transfer-encoding"), fields.get("content-length")
    if coding is None:
        if length is not None and not _LENGTH.fullmatch(length):
            raise Malformed(400, "Bad Request")
        return int(length or "0")
    if length is not None:
        raise Malformed(400, "Bad Request")
    if coding.lower() != "chunked":
        raise Malformed(501, "Not Implemented")
    return None
