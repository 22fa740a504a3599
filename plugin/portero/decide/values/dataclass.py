"""Dataclasses as in the standard library, with two differences when the program runs.

`frozen=True` binds the type checker alone: the standard library writes each field of a frozen object by
`object.__setattr__`, which was 17 % of the instructions of a list. mypy refuses the assignment, and
tests/project/test_frozen.py what mypy does not see.

`==`, `hash` and `repr` are closures, not code written and compiled for each class: that was two thirds of what
dataclasses took at start.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import asdict, field, fields, is_dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

__all__ = ["asdict", "dataclass", "field", "fields", "is_dataclass", "replace"]


def _make_decorator(*, frozen: bool = False, eq: bool = True, **options: Any) -> Callable[[type[Any]], type[Any]]:
    """`options`: of the standard library's decorator."""

    def decorate(kind: type[Any]) -> type[Any]:
        made: type[Any] = dataclasses.dataclass(eq=False, repr=False, **options)(kind)
        added = {"__repr__": _write} | (_make_equality(made, has_hash=frozen) if eq else {})
        made.__given__ = tuple(each.name for each in fields(made) if each.init)
        for name in added.keys() - kind.__dict__.keys():
            setattr(made, name, added[name])
        return made

    return decorate


def _make_equality(kind: type[Any], has_hash: bool) -> dict[str, Any]:
    names = [each.name for each in fields(kind) if each.compare]
    read: Callable[[Any], Any] = attrgetter(*names) if names else lambda _: ()

    def equals(one: Any, other: object) -> bool:
        return one is other or (read(one) == read(other) if one.__class__ is other.__class__ else NotImplemented)

    return {"__eq__": equals, "__hash__": (lambda one: hash(read(one))) if has_hash else None}


def _replace(one: Any, **changes: Any) -> Any:
    given = {name: getattr(one, name) for name in one.__given__ if name not in changes}
    return type(one)(**given, **changes)


def _write(one: Any) -> str:
    shown = (f"{each.name}={getattr(one, each.name)!r}" for each in fields(one) if each.repr)
    return f"{type(one).__qualname__}({', '.join(shown)})"


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
    from dataclasses import replace as replace
else:
    dataclass, replace = _make_decorator, _replace
