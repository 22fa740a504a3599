"""Typed reads of JSON: the fields of a canonical body, of an answer of dockerd, of a file.

`text`, `flag` and their like: a field that is absent or null has its zero value, as in Docker's Go structs; a value of
another type is refused (decide/reading/shapes.py has checked the types of a body). `need`: the field must be there.
`to_...`: a value of another type counts as none, and gives an empty text, object or list.
"""

from collections.abc import Mapping
from typing import TypeAlias, TypeVar, cast

from portero.decide.values.refusals import Refused

# A JSON value. The quotes are needed: the alias refers to itself.
JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"

# One fact, or one entry of a list of facts: an object with its place in the request in `at`.
Fact: TypeAlias = dict[str, JSON]

_T = TypeVar("_T", str, int, bool, list[JSON], dict[str, JSON])


class WrongType(Refused, TypeError):
    """A field has another type than it must have; `at` is its name."""

    def __init__(self, at: str) -> None:
        super().__init__("body-wrong-type", at)


def text(source: Mapping[str, JSON], name: str) -> str:
    value = source.get(name)
    # Nearly every value; a create reads sixty.
    return value if isinstance(value, str) else "" if value is None else as_text(value, name)


def flag(source: Mapping[str, JSON], name: str) -> bool:
    value = source.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise WrongType(name)
    return value


def integer(source: Mapping[str, JSON], name: str) -> int | None:
    """A whole number, None when absent: for some fields 0 and absent differ."""
    value = source.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise WrongType(name)
    return value


def child(source: Mapping[str, JSON], name: str) -> dict[str, JSON]:
    value = source.get(name)
    return value if isinstance(value, dict) else {} if value is None else as_object(value, name)


def items(source: Mapping[str, JSON], name: str) -> list[JSON]:
    value = source.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise WrongType(name)
    return value


def texts(source: Mapping[str, JSON], name: str) -> list[str]:
    return [as_text(value, name) for value in items(source, name)]


def objects(source: Mapping[str, JSON], name: str) -> list[dict[str, JSON]]:
    return [as_object(value, name) for value in items(source, name)]


def as_text(value: JSON, at: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise WrongType(at)
    return value


def as_object(value: JSON, at: str) -> dict[str, JSON]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise WrongType(at)
    return value


def need(source: Mapping[str, JSON], name: str, kind: type[_T]) -> _T:
    """A field that must be there with this very type; raises WrongType."""
    value = source.get(name)
    # A truth value is no number.
    if type(value) is not kind:
        raise WrongType(name)
    return value


def need_texts(source: Mapping[str, JSON], name: str) -> list[str]:
    """A list of strings that must be there; raises WrongType."""
    values = need(source, name, list)
    if not all(isinstance(value, str) for value in values):
        raise WrongType(name)
    return cast("list[str]", values)


def to_text(value: JSON) -> str:
    return value if isinstance(value, str) else ""


def to_object(value: JSON) -> dict[str, JSON]:
    return value if isinstance(value, dict) else {}


def to_list(value: JSON) -> list[JSON]:
    return value if isinstance(value, list) else []


def to_texts(value: JSON) -> list[str]:
    """The strings in a list that are not empty."""
    return [entry for entry in to_list(value) if isinstance(entry, str) and entry]


def to_objects(value: JSON) -> list[dict[str, JSON]]:
    return [entry for entry in to_list(value) if isinstance(entry, dict)]
