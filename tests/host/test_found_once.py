"""What a moment finds, it finds once."""

from collections.abc import Iterator

import pytest

from portero.host.found_once import found_once


class Asked:
    def __init__(self, answers: Iterator[int | Exception]) -> None:
        self._answers = answers

    @found_once
    def answer(self) -> int:
        """What comes next."""
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_it_is_found_once_for_each_instance() -> None:
    answers: Iterator[int | Exception] = iter((1, 2, 3))
    first, second = Asked(answers), Asked(answers)

    assert [first.answer, second.answer, first.answer, second.answer] == [1, 2, 1, 2]


def test_a_failure_is_not_kept() -> None:
    asked = Asked(iter((OSError("no free descriptor"), 7)))

    with pytest.raises(OSError, match="no free descriptor"):
        _ = asked.answer
    assert asked.answer == 7
