"""The decorator of Portero's values beside the standard library's."""

import dataclasses
from typing import Any

import pytest

from portero.decide.values.dataclass import dataclass, field, replace


def make(decorator: Any) -> Any:
    class Point:
        x: int
        names: tuple[str, ...] = ()
        shown: int = field(default=0, compare=False)
        hidden: int = field(default=0, repr=False)

    Point.__qualname__ = "Point"
    return decorator(frozen=True, slots=True)(Point)


Quick, Standard = make(dataclass), make(dataclasses.dataclass)
ARGUMENTS = [(1,), (1, ("a",)), (1, (), 3), (1, (), 0, 4), ([],)]


@pytest.mark.parametrize("one", ARGUMENTS)
@pytest.mark.parametrize("other", ARGUMENTS)
def test_values_are_equal_and_hashed_as_in_the_standard_library(one: Any, other: Any) -> None:
    assert (Quick(*one) == Quick(*other)) == (Standard(*one) == Standard(*other))
    if [] not in (*one, *other) and Standard(*one) == Standard(*other):
        assert hash(Quick(*one)) == hash(Quick(*other))
        assert hash(Quick(*one)) == hash(Standard(*one))


def test_a_value_is_written_and_replaced_as_in_the_standard_library() -> None:
    written = "Point(x=2, names=(), shown=0)"
    assert repr(replace(Quick(1), x=2)) == repr(dataclasses.replace(Standard(1), x=2)) == written


def test_a_value_of_another_class_is_never_equal() -> None:
    assert Quick(1) != Standard(1)
    assert not hasattr(Quick(1), "__dict__")


def test_what_is_not_frozen_has_no_hash() -> None:
    @dataclass(slots=True)
    class Draft:
        x: int

    assert Draft(1) == Draft(1)
    with pytest.raises(TypeError, match="unhashable"):
        hash(Draft(1))


def test_a_method_that_a_class_writes_itself_stays() -> None:
    @dataclass(frozen=True)
    class Named:
        name: str

        def __repr__(self) -> str:
            return self.name

    assert repr(Named("a")) == "a"
