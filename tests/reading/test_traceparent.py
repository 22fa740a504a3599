"""The client's trace: read as W3C Trace Context has it, and a hostile value is none."""

import pytest

from portero.reading.traceparent import read_traceparent

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    "value", [f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-00", f"cc-{TRACE}-{SPAN}-01", f"cc-{TRACE}-{SPAN}-01-what"]
)
def test_the_ids_of_trace_and_span(value: str) -> None:
    assert read_traceparent({"traceparent": value}) == (TRACE, SPAN)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "00",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"cc-{TRACE}-{SPAN}-01.more",
        f"cc-{TRACE}-{SPAN}-01-line\nbreak",
        f"00-{TRACE}-{SPAN}-01\n",
        f" 00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01, 00-{TRACE}-{SPAN}-01",
        f"00-{'٣' * 32}-{SPAN}-01",
        "00-" + "a" * 1_000_000,
        '00-<script>alert("x")</script>',
        "\ud800",
    ],
)
def test_anything_else_is_none(value: str) -> None:
    assert read_traceparent({"traceparent": value}) == ("", "")


def test_without_the_header_there_is_none() -> None:
    assert read_traceparent({}) == ("", "")
