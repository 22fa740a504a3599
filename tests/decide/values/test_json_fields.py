"""A field that is absent has its zero value; one of another type is refused, never guessed at."""

from collections.abc import Callable
from typing import Any

import pytest

from portero.decide.values import json_fields as fields
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused

READS: list[tuple[Callable[[dict[str, JSON], str], Any], JSON, JSON, JSON]] = [
    (fields.text, "", "x", 1),
    (fields.flag, False, True, 1),
    (fields.integer, None, 7, True),
    (fields.child, {}, {"a": 1}, []),
    (fields.items, [], [1], {}),
    (fields.texts, [], ["a"], [1]),
    (fields.objects, [], [{}], ["a"]),
]
NAMES = [read.__name__ for read, *_ in READS]


@pytest.mark.parametrize(("read", "zero", "value", "wrong"), READS, ids=NAMES)
def test_absent_and_null_are_zero(read: Callable[..., Any], zero: JSON, value: JSON, wrong: JSON) -> None:
    assert read({}, "Field") == zero
    assert read({"Field": None}, "Field") == zero
    assert read({"Field": value}, "Field") == value


@pytest.mark.parametrize(("read", "zero", "value", "wrong"), READS, ids=NAMES)
def test_another_type_is_refused(read: Callable[..., Any], zero: JSON, value: JSON, wrong: JSON) -> None:
    with pytest.raises(Refused) as refused:
        read({"Field": wrong}, "Field")

    assert (refused.value.code, refused.value.at) == ("body-wrong-type", "Field")


def test_null_in_a_list_is_zero() -> None:
    assert fields.texts({"Field": [None]}, "Field") == [""]
    assert fields.objects({"Field": [None]}, "Field") == [{}]


def test_a_whole_number_is_no_float() -> None:
    with pytest.raises(Refused) as refused:
        fields.integer({"Field": 1.5}, "Field")

    assert refused.value.code == "body-wrong-type"


def test_a_needed_field_must_be_there_with_its_own_type() -> None:
    assert fields.need({"Field": 1}, "Field", int) == 1
    for source, kind in (({}, str), ({"Field": None}, str), ({"Field": True}, int), ({"Field": 1}, str)):
        with pytest.raises(fields.WrongType):
            fields.need(source, "Field", kind)
    assert fields.need_texts({"Field": ["a"]}, "Field") == ["a"]
    with pytest.raises(TypeError):
        fields.need_texts({"Field": ["a", 1]}, "Field")


def test_a_value_of_another_type_counts_as_none_where_it_may() -> None:
    assert (fields.to_text("x"), fields.to_text(1), fields.to_object([]), fields.to_list({})) == ("x", "", {}, [])
    assert fields.to_texts(["a", "", 1, None]) == ["a"]
    assert fields.to_objects([{}, 1]) == [{}]
    assert fields.to_texts("ab") == fields.to_objects({}) == []
