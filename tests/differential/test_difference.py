"""Two readings side by side."""

from .difference import Difference, compare, significant


def test_zero_values_are_as_good_as_absent_ones() -> None:
    assert [*compare({"a": 0, "b": "", "c": [], "d": {"e": False}, "f": [0, 0]}, {"g": None})] == []


def test_a_difference_names_its_position() -> None:
    read, made = {"a": {"b": [1, {"c": 2}]}}, {"a": {"b": [1, {"c": 3}]}, "d": "x"}

    assert [*compare(read, made)] == [Difference("a.b[1].c", 2, 3), Difference("d", None, "x")]


def test_true_is_not_one() -> None:
    assert [*compare(True, 1, "a")] == [Difference("a", True, 1)]


def test_lists_of_other_lengths_differ_as_a_whole() -> None:
    assert [*compare(["a"], ["a", "b"], "x")] == [Difference("x", ["a"], ["a", "b"])]


def test_an_element_keeps_its_position() -> None:
    assert significant(["", "a"]) == [None, "a"]
