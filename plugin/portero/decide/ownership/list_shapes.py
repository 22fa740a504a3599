"""The shapes of dockerd's answers, for JsonFilter: lists of entries, objects with fields that stay, lines."""

from collections.abc import Callable, Mapping

import orjson

from portero.decide.ownership.json_stream import JsonReader, Judge, Shape, Unreadable, Work, refuse_twins
from portero.decide.values.json_fields import JSON

_SEPARATOR = 0x1E


def entries(judge: Judge) -> Shape:
    """A list, or null."""

    def work(read: JsonReader) -> Work:
        if (yield from read.peek()) != ord("["):
            if (yield from read.take_value()) is not None:
                raise Unreadable("is no list")
            read.out += b"null"
            return
        yield from read.take(b"[")
        read.out += b"["
        has_next, separator = (yield from read.peek()) != ord("]"), b""
        if not has_next:
            yield from read.take(b"]")
        while has_next:
            kept = read.judge(judge, (yield from read.take_raw()))
            if kept is not None:
                read.out += separator + kept
                separator = b","
            has_next = (yield from read.take(b",]")) == ord(",")
        read.out += b"]"

    return work


def fields(shapes: Mapping[str, Shape]) -> Shape:
    """An object, of which fields without a shape go."""

    def work(read: JsonReader) -> Work:
        if (yield from read.peek()) == ord("n"):
            yield from whole(lambda value: value)(read)
            return
        yield from read.take(b"{")
        read.out += b"{"
        seen, separator = set[JSON](), b""
        has_next = (yield from read.peek()) != ord("}")
        if not has_next:
            yield from read.take(b"}")
        while has_next:
            name = yield from read.take_value()
            if not isinstance(name, str) or name in seen:
                raise Unreadable("has a name twice, or none")
            seen.add(name)
            yield from read.take(b":")
            if name in shapes:
                read.out += separator + orjson.dumps(name) + b":"
                separator = b","
                yield from shapes[name](read)
            else:
                yield from read.take_raw()
            has_next = (yield from read.take(b",}")) == ord(",")
        read.out += b"}"

    return work


def whole(change: Callable[[JSON], JSON]) -> Shape:
    """A value that is changed as a whole."""

    def work(read: JsonReader) -> Work:
        value = yield from read.take_value()
        refuse_twins(value)
        read.out += read.write(change(value))

    return work


def lines(judge: Judge) -> Shape:
    """Objects without end, a line each, as they come."""

    def work(read: JsonReader) -> Work:
        while True:
            read.may_end = True
            # What separates records in one of the formats (RFC 7464).
            while (yield from read.peek()) == _SEPARATOR:
                yield from read.take(b"\x1e")
            read.may_end = False
            kept = read.judge(judge, (yield from read.take_raw()))
            if kept is not None:
                read.out += kept + b"\n"

    return work
