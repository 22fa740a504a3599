"""A JSON answer whose lists are filtered entry by entry, as it comes: a part in, what stays of it out.

What stays is written anew, so that a client reads exactly what was judged. An entry larger than 4 MiB, of which values
are masked 512 KiB, or of very many texts, is left out and counted: its reading would hold up the door.
"""

import re
from collections.abc import Callable, Generator
from typing import TypeAlias

import orjson

from portero.decide.reading.go_json import fold
from portero.decide.values.json_fields import JSON

_MAX_ENTRY, _MAX_QUOTES = 4 << 20, 160_000
# Masking takes longer. Quotes count, and what may stand between a name and its value; a network's 1,023 containers, as
# many as a bridge has, are 35,000.
_MAX_MASKED, _MAX_MARKS, _MARKS = 512 << 10, 40_000, (b'"', b"=", b":")
# Up to the next bracket, or the beginning of a text that has no end yet; and up to the end of a text.
_SKIP = re.compile(rb'[^"\[\]{}]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"\[\]{}]*+)*+', re.DOTALL)
_TEXT = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_SPACE, _PLAIN = re.compile(rb"[ \t\r\n]*"), re.compile(rb"[-+.0-9A-Za-z]*")
_OPEN, _CLOSE, _QUOTE, _NOTHING = b"[{", b"]}", ord('"'), -1
_MAX_PLAIN = 64
# Of an entry, beside itself: what has labels. In labels themselves two such names are two.
_LABELLED = ("Spec", "Actor")

# What stays of an entry; None: nothing.
Judge: TypeAlias = Callable[[dict[str, JSON]], JSON]
Work: TypeAlias = Generator[None, None, None]


class Unreadable(ValueError):
    """The answer is not as dockerd writes it."""


class JsonReader:
    """What a shape reads of an answer. `buffer`: what waits for the end of its entry; `out`: what stays."""

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.out = bytearray()
        self.left_out = 0
        # What changes all that stays; None: nothing.
        self.mask: Callable[[JSON], JSON] | None = None
        # Whether the answer may end here, with more to come or not.
        self.may_end = False

    def peek(self) -> Generator[None, None, int]:
        """The next byte that is no white space; it stays."""
        while True:
            del self.buffer[: _end_of(_SPACE, self.buffer, 0)]
            if self.buffer:
                return self.buffer[0]
            yield

    def take(self, wanted: bytes) -> Generator[None, None, int]:
        """The next byte, which is one of these; raises Unreadable."""
        byte = yield from self.peek()
        if byte not in wanted:
            raise Unreadable("is no JSON of dockerd")
        del self.buffer[:1]
        return byte

    def take_value(self) -> Generator[None, None, JSON]:
        """The next value, read; raises Unreadable, also for one that is too large."""
        raw = yield from self.take_raw()
        if raw is None:
            raise Unreadable("is too large")
        return _load(raw)

    def judge(self, judge: Judge, raw: bytes | None) -> bytes | None:
        """What is written of an entry; raises Unreadable."""
        if raw is None:
            self.left_out += 1
            return None
        entry = _load(raw)
        if not isinstance(entry, dict):
            raise Unreadable("has an entry that is no object")
        refuse_twins(entry, *map(entry.get, _LABELLED))
        kept = judge(entry)
        return None if kept is None else self.write(kept)

    def write(self, kept: JSON) -> bytes:
        """What stays, as a client gets it; raises Unreadable."""
        try:
            if self.mask is not None and isinstance(kept, dict | list):
                kept = self.mask(kept)
                if kept is None:
                    raise Unreadable("cannot be masked")
            return orjson.dumps(kept)
        except (TypeError, RecursionError) as error:
            raise Unreadable("is nested too deeply") from error

    def take_raw(self) -> Generator[None, None, bytes | None]:
        """The bytes of the next value; None: it is too large, and was passed over."""
        first = yield from self.peek()
        if first in _OPEN or first == _QUOTE:
            raw = yield from self._take_long(in_text=first == _QUOTE)
            return None if raw is None or self._is_costly(raw) else raw
        while (end := _end_of(_PLAIN, self.buffer, 0)) == len(self.buffer):
            if end > _MAX_PLAIN:
                break
            yield
        raw = bytes(self.buffer[:end])
        del self.buffer[:end]
        return raw

    def _is_costly(self, raw: bytes) -> bool:
        if self.mask is None:
            return raw.count(b'"') > _MAX_QUOTES
        return sum(map(raw.count, _MARKS)) > _MAX_MARKS

    def _take_long(self, *, in_text: bool) -> Generator[None, None, bytes | None]:
        """An object, a list or a text; None: it is too large."""
        at, depth, is_large = int(in_text), 0, False
        most = _MAX_ENTRY if self.mask is None else _MAX_MASKED
        while True:
            at = _end_of(_TEXT if in_text else _SKIP, self.buffer, at)
            byte = self.buffer[at] if at < len(self.buffer) else _NOTHING
            if in_text and byte == _QUOTE:
                in_text, at = False, at + 1
            elif not in_text and byte != _NOTHING:
                in_text, at, depth = byte == _QUOTE, at + 1, depth + (byte in _OPEN) - (byte in _CLOSE)
            else:
                if at > most:
                    del self.buffer[:at]
                    at, is_large = 0, True
                yield
                continue
            if depth <= 0 and not in_text:
                raw = bytes(self.buffer[:at])
                del self.buffer[:at]
                return None if is_large or at > most else raw


class JsonFilter:
    """`shape`: see list_shapes.py. What it holds goes with it at once: its reader does not lead back to the work."""

    def __init__(self, shape: "Shape") -> None:
        self.reader = JsonReader()
        self._work = shape(self.reader)
        self._is_done = False
        self._go_on()

    def feed(self, data: bytes) -> bytes:
        """What stays; raises Unreadable."""
        self.reader.buffer += data
        return self._go_on()

    def finish(self) -> bytes:
        """What is left to write at the end of the answer; raises Unreadable where that came too early."""
        # What ends a number or a word.
        rest = self.feed(b" ")
        if not (self._is_done or self.reader.may_end):
            raise Unreadable("ends too early")
        return rest

    def _go_on(self) -> bytes:
        read = self.reader
        try:
            if not self._is_done:
                next(self._work)
        except StopIteration:
            self._is_done = True
        if self._is_done:
            del read.buffer[: _end_of(_SPACE, read.buffer, 0)]
            if read.buffer:
                raise Unreadable("goes on after its end")
        out = bytes(read.out)
        read.out.clear()
        return out


Shape: TypeAlias = Callable[[JsonReader], Work]


def refuse_twins(*values: JSON) -> None:
    """Raises Unreadable: of Labels and labels a client in Go takes another than was judged."""
    for value in values:
        if isinstance(value, dict) and len({*map(fold, value)}) < len(value):
            raise Unreadable("has a name twice, in upper and lower case")


def _end_of(pattern: re.Pattern[bytes], buffer: bytearray, at: int) -> int:
    # The match must be gone before the buffer changes.
    match = pattern.match(buffer, at)
    return at if match is None else match.end()


def _load(raw: bytes) -> JSON:
    try:
        value: JSON = orjson.loads(raw)
    except ValueError as error:
        raise Unreadable("is no JSON") from error
    return value
