"""A fact of the host: a value, and where it was read. What could not be read has the value UNKNOWN, never a guess."""

from collections.abc import Callable

from portero.hostcheck.unknown import UNKNOWN
from portero.types import JSON, Fact


def fact(value: JSON, at: str) -> Fact:
    """The fact with a value that was read at `at`."""
    return {"value": value, "at": at}


def unknown(at: str) -> Fact:
    """The fact that could not be read at `at`."""
    return fact(UNKNOWN, at)


def observed(at: str, read: Callable[[], JSON]) -> Fact:
    """The fact with the value that `read` returns; its OSError and ValueError make the fact unknown."""
    try:
        return fact(read(), at)
    except (OSError, ValueError):
        return unknown(at)


def either(first: Fact, second: Fact) -> Fact:
    """The first fact, or the second where the first is unknown."""
    return second if first["value"] == UNKNOWN else first
