"""A fact of the host: a value, and where it was read. What cannot be read has the value UNKNOWN, never a guess."""

from collections.abc import Callable

from portero.hostcheck.unknown import UNKNOWN
from portero.types import JSON, Fact


def fact(value: JSON, said: str) -> Fact:
    """The fact with this value, read there."""
    return {"value": value, "at": said}


def unknown(said: str) -> Fact:
    """The fact that could not be read there."""
    return fact(UNKNOWN, said)


def observed(said: str, read: Callable[[], JSON]) -> Fact:
    """The fact as `read` tells it; OSError (not readable) and ValueError (not understood) make it unknown."""
    try:
        return fact(read(), said)
    except (OSError, ValueError):
        return unknown(said)


def either(first: Fact, second: Fact) -> Fact:
    """The first fact, or the second where the first is unknown."""
    return second if first["value"] == UNKNOWN else first
