"""Sizes as people write them: 512m, 10g, bytes."""

_UNITS = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def bytes_of(size: str | int) -> int:
    """512m -> 536870912; units count in steps of 1024, as Docker's --memory does (docker/go-units RAMInBytes)."""
    if isinstance(size, int):
        return size
    unit = size[-1]
    return int(size[:-1]) * _UNITS[unit] if unit in _UNITS else int(size)
