"""dockerd's answer to one of the named lists, read strictly as it comes, and what the client gets instead.

An answer with an error passes as it came. What cannot be read does not pass: the client gets 502 before the first byte,
and a broken connection after it.
"""

import logging
import re
from collections.abc import Callable

from portero.decide.ownership.json_stream import JsonFilter, Shape, Unreadable
from portero.decide.values.json_fields import JSON
from portero.door.treatment import TurnedAway

_LOG = logging.getLogger(__name__)
_MAX_HEAD, _MAX_LINE = 64 << 10, 32
_STATUS = re.compile(rb"HTTP/1\.1 ([2-5][0-9]{2})(?: [^\r\n]*)?")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n]*?)[ \t]*")
_SIZE, _LENGTH = re.compile(rb"[0-9a-fA-F]{1,8}"), re.compile(rb"[0-9]{1,15}")
_TYPES = frozenset({b"application/json", b"application/jsonl", b"application/x-ndjson", b"application/json-seq"})
_TYPE, _SIZED, _CODED = b"content-type", b"content-length", b"transfer-encoding"
# What speaks of the body, or of the connection, as it was.
_DROPPED = frozenset({_SIZED, _CODED, b"connection", b"keep-alive", b"trailer", b"etag"})
_UNREADABLE = "The answer of dockerd cannot be read, so that it is not passed on: journalctl -u portero-door says why."


class FilteredAnswer:
    """An AnswerFilter. `target`: of the request, for the log. `is_stream`: its head goes ahead of what it is about.

    `left_out`: so many entries were too large.
    """

    def __init__(self, shape: Shape, target: str, *, is_stream: bool = False) -> None:
        self._json, self._target, self._is_stream = JsonFilter(shape), target, is_stream
        self._buffer = bytearray()
        # False: it can do nothing without more bytes. None: all that follows passes as it comes.
        # No bound method: it would lead back to this, as a step does in Reception.release.
        self._step: Callable[[FilteredAnswer], bool | None] = FilteredAnswer._read_head
        self._head, self._out = b"", bytearray()
        # Bytes of the body, or of its chunk, that are to come.
        self._left = 0
        self._has_given = self.ended = False
        self.left_out = 0

    def mask_with(self, mask: Callable[[JSON], JSON]) -> None:
        """Have what stays changed; None: it cannot be."""
        self._json.reader.mask = mask

    @property
    def held(self) -> int:
        return len(self._buffer) + len(self._json.reader.buffer)

    def feed(self, data: bytes) -> bytes:
        if self.ended:
            return b""
        self._buffer += data
        try:
            while (more := self._step(self)) and not self.ended:
                pass
        except Unreadable as unreadable:
            return self._break_off(unreadable)
        if more is None:
            self._out += self._buffer
            self._buffer.clear()
        return self._take_out()

    def end(self) -> bytes:
        """dockerd has closed the connection, which ends an answer of no given length."""
        if self.ended or self._step is FilteredAnswer._pass_on:
            return b""
        try:
            if self._step is not FilteredAnswer._read_rest:
                raise Unreadable("ends too early")
            self._finish()
        except Unreadable as unreadable:
            return self._break_off(unreadable)
        return self._take_out()

    def _take_out(self) -> bytes:
        out = bytes(self._out)
        self._out.clear()
        if more := self._json.reader.left_out - self.left_out:
            self.left_out += more
            _LOG.warning("%d entries of %s are left out: they are too large", more, self._target[:200])
        self._has_given = self._has_given or out != b""
        return out

    def _break_off(self, why: Unreadable) -> bytes:
        _LOG.error("dockerd's answer to %s is not passed on: it %s", self._target[:200], why)
        self.ended = True
        self._buffer.clear()
        return b"" if self._has_given else TurnedAway(502, _UNREADABLE).write(without_content=False)

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or end > _MAX_HEAD:
            if len(self._buffer) > _MAX_HEAD:
                raise Unreadable("has a head that is too long")
            return False
        line, *lines = bytes(self._buffer[:end]).split(b"\r\n")
        status, fields = _STATUS.fullmatch(line), [_FIELD.fullmatch(each) for each in lines]
        if status is None or None in fields:
            raise Unreadable("has a head that is not HTTP/1.1")
        if status[1] >= b"300":
            self._step = FilteredAnswer._pass_on
            return True
        named = [(each[1].lower(), each[2]) for each in fields if each is not None]
        self._check_head(status[1], named)
        del self._buffer[: end + 4]
        kept = [whole for (name, _), whole in zip(named, lines, strict=True) if name not in _DROPPED]
        self._head = b"\r\n".join((line, *kept, b"Transfer-Encoding: chunked", b"Connection: close", b"", b""))
        if self._is_stream:
            self._write(b"")
        return True

    def _check_head(self, status: bytes, named: list[tuple[bytes, bytes]]) -> None:
        """Raises Unreadable; sets the next step."""
        values, names = dict(named), [name for name, _ in named]
        twice = any(names.count(name) > 1 for name in (_TYPE, _SIZED, _CODED))
        if status != b"200" or twice or b"content-encoding" in values:
            raise Unreadable("is no plain answer of dockerd")
        if values.get(_TYPE, b"").partition(b";")[0].strip().lower() not in _TYPES:
            raise Unreadable("is not JSON")
        if _CODED in values:
            if values[_CODED].lower() != b"chunked" or _SIZED in values:
                raise Unreadable("has two lengths, or another coding")
            self._step = FilteredAnswer._read_size
        elif _SIZED in values:
            if not _LENGTH.fullmatch(values[_SIZED]):
                raise Unreadable("has no length that can be read")
            self._left, self._step = int(values[_SIZED]), FilteredAnswer._read_sized
        else:
            self._step = FilteredAnswer._read_rest

    def _pass_on(self) -> None:
        return None

    def _write(self, body: bytes) -> None:
        """What goes to the client: the head first."""
        if body or self._is_stream:
            self._out += self._head
            self._head = b""
        if body:
            self._out += b"%x\r\n%s\r\n" % (len(body), body)

    def _take(self) -> None:
        """Have what has come of the body, or of its chunk, filtered."""
        piece = bytes(self._buffer[: self._left])
        del self._buffer[: self._left]
        self._left -= len(piece)
        self._write(self._json.feed(piece))

    def _finish(self) -> None:
        self._write(self._json.finish())
        self._out += self._head + b"0\r\n\r\n"
        self._head, self.ended = b"", True

    def _read_rest(self) -> bool:
        self._left = len(self._buffer)
        self._take()
        return False

    def _read_sized(self) -> bool:
        self._take()
        if not self._left:
            self._finish()
        return False

    def _read_size(self) -> bool:
        """The line before a chunk."""
        end = self._buffer.find(b"\r\n")
        if end < 0 and len(self._buffer) <= _MAX_LINE:
            return False
        if not _SIZE.fullmatch(self._buffer, 0, max(0, end)):
            raise Unreadable("has chunks that cannot be read")
        self._left = int(self._buffer[:end], 16)
        del self._buffer[: end + 2]
        self._step = FilteredAnswer._read_chunk if self._left else FilteredAnswer._read_last
        return True

    def _read_chunk(self) -> bool:
        self._take()
        if self._left or len(self._buffer) < 2:
            return False
        self._expect_line_end()
        self._step = FilteredAnswer._read_size
        return True

    def _read_last(self) -> bool:
        if len(self._buffer) < 2:
            return False
        self._expect_line_end()
        if self._buffer:
            raise Unreadable("goes on after its end")
        self._finish()
        return True

    def _expect_line_end(self) -> None:
        if not self._buffer.startswith(b"\r\n"):
            raise Unreadable("has chunks that cannot be read")
        del self._buffer[:2]
