"""Spans as dockerd posts them."""

from .spans import read_spans


def _bytes(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | 2, len(value)]) + value


def _span(trace: bytes, name: bytes, kind: int) -> bytes:
    start = bytes([7 << 3 | 1, *b"12345678"])  # a fixed64, as times are
    return _bytes(1, trace) + _bytes(5, name) + bytes([6 << 3, kind]) + start


def _posted(*spans: bytes) -> bytes:
    return _bytes(1, _bytes(1, b"resource") + _bytes(2, b"".join(_bytes(2, span) for span in spans)))


def test_a_span_of_the_server_names_trace_and_route() -> None:
    posted = _posted(_span(b"\x00\x2a", b"POST /containers/create", 2), _span(b"\x01", b"a call of its own", 3))

    assert [*read_spans(posted)] == [("002a", "POST /containers/create")]


def test_nothing_posted_is_no_span() -> None:
    assert [*read_spans(b"")] == []
