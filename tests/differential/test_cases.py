"""Requests by chance."""

from collections import Counter

from .cases import WEIGHTS, make_case


def test_a_seed_and_a_number_always_give_the_same_request() -> None:
    assert [make_case(7, number) for number in range(50)] == [make_case(7, number) for number in range(50)]
    assert make_case(7, 1) != make_case(8, 1)


def test_every_operation_occurs() -> None:
    assert Counter(make_case(1, number).operation for number in range(600)).keys() == WEIGHTS.keys()
