"""What unanswered requests make and use: equal places are one, and which names dockerd gives unasked."""

import pytest

from portero.decide.interfaces.effects import Source, can_come_unasked


def test_equal_places_are_one() -> None:
    assert {Source("/a", True, "one"), Source("/a", True, "one"), Source("/a", False, "one")} == {
        Source("/a", True, "one"),
        Source("/a", False, "one"),
    }


@pytest.mark.parametrize("name", ["happy_curie", "happy_curie7", "shop_web.1.pirmhqmqmoqx8ctqma9g1ipk0"])
def test_dockerd_gives_made_names_and_those_of_tasks_unasked(name: str) -> None:
    assert can_come_unasked(name)


@pytest.mark.parametrize("name", ["", "web", "happy_curie77", "Happy_curie", "web.1", "web.1.pirmhqmqmoqx8ctqma9g1ipk"])
def test_any_other_name_is_asked_for(name: str) -> None:
    assert not can_come_unasked(name)
