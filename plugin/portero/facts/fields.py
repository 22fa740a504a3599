"""Typed reads of a canonical body: a field that is absent or null has its zero value, as in Docker's Go structs.

reading/shapes.py has checked the types before. A value of another type is refused all the same.
"""

from collections.abc import Mapping

from portero.refusals import Refused
from portero.types import JSON


def text(source: Mapping[str, JSON], name: str) -> str:
    """A string."""
    value = source.get(name)
    return value if isinstance(value, str) else as_text(value, name)


def flag(source: Mapping[str, JSON], name: str) -> bool:
    """A boolean."""
    value = source.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise Refused("body-wrong-type", name)
    return value


def integer(source: Mapping[str, JSON], name: str) -> int | None:
    """A whole number, None when absent: for some fields 0 and absent differ."""
    value = source.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused("body-wrong-type", name)
    return value


def child(source: Mapping[str, JSON], name: str) -> dict[str, JSON]:
    """An object or a map."""
    value = source.get(name)
    return value if isinstance(value, dict) else as_object(value, name)


def items(source: Mapping[str, JSON], name: str) -> list[JSON]:
    """A list of any values."""
    value = source.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Refused("body-wrong-type", name)
    return value


def texts(source: Mapping[str, JSON], name: str) -> list[str]:
    """A list of strings."""
    if name not in source:
        return []
    return [value if isinstance(value, str) else as_text(value, name) for value in items(source, name)]


def objects(source: Mapping[str, JSON], name: str) -> list[dict[str, JSON]]:
    """A list of objects."""
    if name not in source:
        return []
    return [as_object(value, name) for value in items(source, name)]


def as_text(value: JSON, at: str) -> str:
    """The value as a string."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused("body-wrong-type", at)
    return value


def as_object(value: JSON, at: str) -> dict[str, JSON]:
    """The value as an object."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refused("body-wrong-type", at)
    return value
