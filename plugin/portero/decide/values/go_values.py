"""Numbers, truth values and sizes in text, as Go's strconv and docker/go-units read them: 17, true, 512m, 10g."""

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


_RAM_SIZE = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,18}))? ?([kmgtp]?)i?b?", re.IGNORECASE | re.ASCII)
_RAM_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}
_UNITS = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def parse_size(size: str | int) -> int:
    """512m -> 536870912; units count in steps of 1024, as Docker's --memory does (docker/go-units RAMInBytes)."""
    if isinstance(size, int):
        return size
    unit = size[-1]
    return int(size[:-1]) * _UNITS[unit] if unit in _UNITS else int(size)


def format_size(size: int) -> str:
    """536870912 -> 512m: the largest unit without a remainder, as Docker's flags take it."""
    for unit in "tgmk":
        if size and size % _UNITS[unit] == 0:
            return f"{size // _UNITS[unit]}{unit}"
    return str(size)


def parse_ram_size(text: str) -> int | None:
    """Bytes, as docker/go-units RAMInBytes reads them; None when it does not."""
    read = _RAM_SIZE.fullmatch(text)
    if read is None:
        return None
    whole, fraction, unit = read.groups()
    return int(float(f"{whole}.{fraction or 0}") * _RAM_UNITS[unit.lower()])
