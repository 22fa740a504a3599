"""Numbers and truth values in text, as Go's strconv reads them."""

import re

_INTEGER = re.compile(r"[+-]?[0-9]+")
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})


def parse_go_bool(text: str) -> bool | None:
    """strconv.ParseBool; None where it gives an error."""
    if text in _TRUE:
        return True
    return False if text in _FALSE else None


def parse_go_int64(text: str) -> int | None:
    """strconv.ParseInt to base 10 and 64 bits; None where it gives an error."""
    if not _INTEGER.fullmatch(text):
        return None
    digits = text.lstrip("+-").lstrip("0") or "0"
    # 19 digits hold every int64; Python refuses to read some thousands of them.
    if len(digits) > 19:
        return None
    value = -int(digits) if text.startswith("-") else int(digits)
    return value if -(2**63) <= value < 2**63 else None


def parse_go_port(text: str) -> int | None:
    """strconv.ParseUint to base 10 and 16 bits; None where it gives an error."""
    value = parse_go_int64(text)
    if value is None or value >= 2**16 or text.startswith(("+", "-")):
        return None
    return value
