"""A copy and a container that gets the name which it names: whichever comes second sees the first."""

import pytest

from portero.decide.interfaces.pending_requests import BUILT, MADE, NameUse
from portero.observe.pending import names_under_way
from portero.observe.pending.names_under_way import NamesUnderWay

COPY, GIVEN = NameUse("web", is_copy=True), NameUse("web", is_copy=False)
BUILD, MADE_COPY = NameUse(BUILT, is_copy=False), NameUse("happy_curie7", is_copy=True)


@pytest.mark.parametrize(
    ("first", "second", "go_together"),
    [
        (COPY, GIVEN, False),
        (GIVEN, COPY, False),
        (COPY, COPY, True),
        (GIVEN, GIVEN, True),
        (COPY, NameUse("db", is_copy=False), True),
        (BUILD, NameUse("build", is_copy=True), True),  # a container of this name is none of a build's
        (MADE_COPY, NameUse("build", is_copy=False), True),
        (NameUse("Web", is_copy=False), COPY, True),
        (BUILD, MADE_COPY, False),
        (MADE_COPY, BUILD, False),
        (BUILD, COPY, True),
        (BUILD, BUILD, True),
        (NameUse(MADE, is_copy=False), MADE_COPY, True),
        (MADE_COPY, NameUse(MADE, is_copy=False), False),
    ],
)
def test_of_two_that_do_not_go_together_the_later_one_sees_the_first(
    first: NameUse, second: NameUse, *, go_together: bool
) -> None:
    names = NamesUnderWay()
    meanwhile = names.at()
    assert names.at().add("d-1", first)

    assert names.at().allows(second) is go_together
    assert meanwhile.allows(second)
    assert meanwhile.add("d-2", second) is go_together
    names.end("d-1")
    assert not names.has("d-1")
    assert names.at().allows(second)
    assert names.at().add("d-3", second)


def test_what_came_and_went_meanwhile_counts_too() -> None:
    """The container that has the name was asked for before."""
    names = NamesUnderWay()
    meanwhile = names.at()
    names.at().add("d-1", GIVEN)
    names.end("d-1")

    assert not meanwhile.add("d-2", COPY)


def test_of_more_than_are_known_none_is_certain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names_under_way, "_MANY", 1)
    names = NamesUnderWay()
    meanwhile = names.at()
    for id in ("d-1", "d-2"):
        names.at().add(id, NameUse("db", is_copy=False))

    assert not meanwhile.add("d-3", COPY)
    assert names.at().add("d-3", COPY)


def test_while_there_are_too_many_nothing_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names_under_way, "_MOST", 1)
    names = NamesUnderWay()
    assert names.at().add("d-1", COPY)
    assert names.at().add("d-1", COPY)
    assert names.at().add("d-2", NameUse("db", is_copy=False))

    assert not names.at().allows(NameUse("other", is_copy=True))
    names.end("d-2")
    assert not names.at().allows(NameUse("other", is_copy=True))
    assert not names.at().allows(GIVEN)


def test_a_copy_that_is_one_too_many_is_not_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names_under_way, "_MOST", 0)
    names = NamesUnderWay()

    assert not names.at().add("d-1", COPY)
    assert not names.at().allows(COPY)


def test_what_is_late_gives_its_own_name_and_of_very_many_any(monkeypatch: pytest.MonkeyPatch) -> None:
    names = NamesUnderWay()
    names.at().add("d-1", GIVEN)
    names.note_late("d-1")
    names.note_late("d-2")
    assert [names.at().may_give(name) for name in ("web", "db")] == [True, False]

    monkeypatch.setattr(names_under_way, "_MANY", 1)
    names.at().add("d-3", NameUse("shop", is_copy=False))
    names.note_late("d-3")
    assert names.at().may_give("db")
