"""Spans that dockerd posts (OTLP, protobuf): bytes in, the trace and the name of each span out."""

from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
# opentelemetry-proto, trace/v1/trace.proto: the fields that lead to a span, and those of a span.
_RESOURCE_SPANS, _SCOPE_SPANS, _SPANS = 1, 2, 2
_TRACE_ID, _NAME, _KIND = 1, 5, 6
_SERVER = 2


def read_spans(posted: bytes) -> Iterator[tuple[str, str]]:
    """Trace ID in hexadecimal and name of each span of a server: its name is the route that took the request."""
    for resource in _parts(posted, _RESOURCE_SPANS):
        for scope in _parts(resource, _SCOPE_SPANS):
            for span in _parts(scope, _SPANS):
                fields = dict(_fields(span))
                trace, name = fields.get(_TRACE_ID, b""), fields.get(_NAME, b"")
                if fields.get(_KIND) == _SERVER and isinstance(trace, bytes) and isinstance(name, bytes):
                    yield trace.hex(), name.decode()


def _parts(message: bytes, number: int) -> Iterator[bytes]:
    return (value for field, value in _fields(message) if field == number and isinstance(value, bytes))


def _fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        if kind == _BYTES:
            size, at = _varint(message, at)
        else:
            size = {_FIXED64: 8, _FIXED32: 4}[kind]
        yield key >> 3, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = message[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return number, at
