"""A line of the decision log as a message of RFC 5424, and messages in a stream (RFC 6587, octet counting)."""

import json
import re

from portero.forwarding.field_names import RENAME, Format

# Facility authpriv; severity warning for what was refused, informational for the rest.
_FACILITY, _WARNING, _INFORMATIONAL = 10, 4, 6
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z")
# A datagram of UDP holds 65,507 bytes; every receiver reads this much (rsyslog's default is 8 KiB, ours to raise).
LONGEST_DATAGRAM = 60_000


def write_message(line: bytes, host: str, form: Format) -> bytes:
    """The message. A line that is not one of the decision log, half a line after a full disk say, goes as it is."""
    try:
        document = json.loads(line)
        time, allowed = str(document["time"]), document["allowed"] is True
        body = json.dumps(RENAME[form](document), ensure_ascii=True, separators=(",", ":"))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        time, allowed, body = "-", False, line.decode("utf-8", "backslashreplace")
    priority = _FACILITY * 8 + (_INFORMATIONAL if allowed else _WARNING)
    stamp = time if _TIME.fullmatch(time) else "-"
    return f"<{priority}>1 {stamp} {host} portero - decision - {body}".encode()


def frame(message: bytes) -> bytes:
    """The message in a stream."""
    return b"%d %b" % (len(message), message)


def shorten(message: bytes) -> bytes:
    """At most what a datagram holds; what is cut off is not JSON any more, and the ID still leads to the whole line."""
    return message if len(message) <= LONGEST_DATAGRAM else message[:LONGEST_DATAGRAM]
