"""The trace that a client's request belongs to: the header `traceparent` (W3C Trace Context), which dockerd passes on.

The client chooses it, and no decision depends on it. A value of any other form is ignored.
"""

import re
from collections.abc import Mapping

# Version, trace, span, flags; a later version may have more behind them.
_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-[\x21-\x7e]*)?")
_FIRST, _INVALID = "00", "ff"


def read_traceparent(headers: Mapping[str, str]) -> tuple[str, str]:
    """The IDs of the trace and of the client's span, in hexadecimal; both are empty without a valid header."""
    match = _FORM.fullmatch(headers.get("traceparent", ""))
    if match is None:
        return "", ""
    version, trace, span, more = match.groups()
    if version == _INVALID or (version == _FIRST and more) or not int(trace, 16) or not int(span, 16):
        return "", ""
    return trace, span
