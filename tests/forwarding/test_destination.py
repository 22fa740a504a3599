"""Receivers of the log."""

import pytest

from portero.forwarding.destination import Destination, parse_destination


def test_the_four_ways() -> None:
    assert parse_destination("syslog+tls://logs.example.com:6514") == Destination("tls", "logs.example.com", 6514)
    assert parse_destination("syslog+tcp://[::1]:601/") == Destination("tcp", "::1", 601)
    assert parse_destination("syslog+udp://192.0.2.1:514") == Destination("udp", "192.0.2.1", 514)
    assert parse_destination("syslog+unix:///dev/log") == Destination("unix", "/dev/log")


@pytest.mark.parametrize(
    "text",
    [
        "logs.example.com",
        "tcp://h:1",
        "syslog+tcp://h",
        "syslog+tcp://h:0",
        "syslog+tcp://h:70000",
        "syslog+unix://dev",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write syslog"):
        parse_destination(text)
