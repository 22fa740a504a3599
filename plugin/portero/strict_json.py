"""What Python's reader of JSON takes and others do not: NaN, and a name twice, of which others keep the first."""

from typing import NoReturn, TypeVar

_Value = TypeVar("_Value")


class DuplicateName(ValueError):
    """An object has the same name twice; `name` is the first such name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__("duplicate name")


def unique_names(pairs: list[tuple[str, _Value]]) -> dict[str, _Value]:
    """An object_pairs_hook for json; raises DuplicateName."""
    document = dict(pairs)
    if len(document) != len(pairs):
        names = [name for name, _ in pairs]
        raise DuplicateName(next(name for name in names if names.count(name) > 1))
    return document


def refuse_constant(name: str) -> NoReturn:
    """A parse_constant for json, which is called for NaN and the infinities; raises ValueError."""
    raise ValueError(f"{name} is not JSON")
