"""Reads what dockerd posts after a request (AuthZRes): the request again, with status and body of the answer.

Measured on 26.1 and 29.7: neither comes with a failure or a stream, and no body of more than 64 KiB.
"""

import binascii
from dataclasses import dataclass

from portero.reading.envelope import Envelope, read_posted
from portero.refusals import Refused

# As dockerd writes it. In a text its quotes would be escaped, and names of headers are capitalized otherwise.
_READS = (b'"RequestMethod":"GET"', b'"RequestMethod":"HEAD"')


@dataclass(frozen=True, slots=True)
class Result:
    """`status`: 0 where dockerd showed none."""

    envelope: Envelope
    status: int
    body: bytes


def read_result(data: bytes) -> Result | None:
    """None: a read, which changes nothing, or nothing that can be read."""
    if not data or any(mark in data for mark in _READS):
        return None
    try:
        envelope, document = read_posted(data)
    except Refused:
        return None
    status, shown = document.get("ResponseStatusCode"), document.get("ResponseBody")
    try:
        body = binascii.a2b_base64(shown, strict_mode=True) if isinstance(shown, str) else b""
    except ValueError:
        return Result(envelope, 0, b"")
    return Result(envelope, status if isinstance(status, int) else 0, body)
