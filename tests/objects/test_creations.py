"""Of two creations at once the later one sees the first, and what is needed no more goes with a list, never by time."""

from collections.abc import Sequence

import pytest

from portero.host.member import MountedPath
from portero.objects import creations
from portero.objects.creations import CreationsUnderWay, RequestCreations

UPPER, LOWER = MountedPath("/srv", True, "one"), MountedPath("/srv/data", False, "two")


def disagree(newer: Sequence[MountedPath]) -> bool:
    return False


def add(request: RequestCreations, id: str, *places: MountedPath) -> bool:
    return request.add(id, places, disagree)


def test_what_was_added_before_is_seen_and_what_comes_meanwhile_counts() -> None:
    under_way = CreationsUnderWay()
    first, second = under_way.at(), under_way.at()
    assert add(first, "d-1", UPPER)

    assert list(second.others) == []
    asked: list[Sequence[MountedPath]] = []
    assert not second.add("d-2", [LOWER], lambda newer: bool(asked.append(newer)))
    assert asked == [[UPPER]]
    assert list(under_way.at().others) == [UPPER]
    assert add(under_way.at(), "d-2", LOWER)
    assert list(under_way.at().others) == [UPPER, LOWER]


def test_what_came_and_went_meanwhile_counts_too() -> None:
    under_way = CreationsUnderWay()
    request = under_way.at()
    add(under_way.at(), "d-1", UPPER)
    under_way.note_made("d-1")

    assert list(under_way.at().others) == []
    assert not add(request, "d-2", LOWER)
    assert request.add("d-2", [LOWER], lambda newer: True)


@pytest.mark.parametrize("ends", [True, False], ids=["failed", "unanswered"])
def test_what_is_not_known_to_be_there_goes_with_a_list_that_was_asked_for_later(
    monkeypatch: pytest.MonkeyPatch, *, ends: bool
) -> None:
    under_way = CreationsUnderWay()
    add(under_way.at(), "d-1", UPPER)
    assert not under_way.find_doubtful()
    if ends:
        under_way.note_answered("d-1")
    else:
        monkeypatch.setattr(creations, "UNANSWERED_SECONDS", 0.0)

    doubtful = under_way.find_doubtful()
    assert list(under_way.at().others) == [UPPER]
    add(under_way.at(), "d-2", LOWER)
    under_way.note_listed(doubtful)
    assert list(under_way.at().others) == [LOWER]


def test_many_ask_for_a_list() -> None:
    under_way = CreationsUnderWay()
    for number in range(2000):
        assert under_way.are_many == (number > 128)
        add(under_way.at(), str(number), UPPER)

    assert list(under_way.at().others) == [UPPER]
    # Not all that were made meanwhile are known singly any more: it is judged again, whatever the others are.
    for number in range(2000):
        under_way.note_made(str(number))
    assert not RequestCreations(under_way, 0, {}).add("x", [LOWER], lambda newer: True)
    assert under_way.at().add("x", [LOWER], disagree)


def test_a_list_that_a_request_asked_for_tells_it_what_came_to_nothing() -> None:
    under_way = CreationsUnderWay()
    add(under_way.at(), "d-1", UPPER)
    add(under_way.at(), "d-2", LOWER)
    request = under_way.at()
    under_way.note_answered("d-1")
    request.drop(under_way.find_doubtful())

    assert request.others == [LOWER]
