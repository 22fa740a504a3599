"""Sizes as people write them: 512m, 10g, bytes."""

import re

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
