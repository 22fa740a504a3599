"""Messages of RFC 5424."""

import json

from portero.forwarding.syslog import LONGEST_DATAGRAM, frame, shorten, write_message

from .lines import line, text


def test_a_refusal_is_a_warning_and_carries_the_line() -> None:
    message = write_message(text(), "web-1", "portero")

    head, _, body = message.partition(b" - decision - ")
    assert head == b"<84>1 2026-11-24T15:00:00.123Z web-1 portero"
    assert json.loads(body) == line()
    assert write_message(text(allowed=True), "web-1", "ecs").startswith(b"<86>1 ")


def test_half_a_line_goes_as_it_is_and_cannot_forge_a_head() -> None:
    for data in (b'{"id": "d-1", "ti', b"[]", b"\xff", b'{"time": "x\\ny", "allowed": true}'):
        message = write_message(data, "web-1", "portero")
        assert b" - web-1 portero - decision - " in message
        assert b"\n" not in message


def test_a_frame_begins_with_its_length_and_a_datagram_is_bounded() -> None:
    assert frame(b"hello") == b"5 hello"
    assert len(shorten(b"x" * 100_000)) == LONGEST_DATAGRAM
