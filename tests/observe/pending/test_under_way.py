"""Of two at once the later one sees the first, and what is needed no more goes with a list, never by time."""

import pytest

from portero.decide.interfaces.effects import BUILT, MADE, Effects, NameUse, Source
from portero.observe.pending import under_way
from portero.observe.pending.under_way import RequestPending, UnderWay

UPPER, LOWER = Source("/srv", True, "one"), Source("/srv/data", False, "two")
COPY, GIVEN = NameUse("web", is_copy=True), NameUse("web", is_copy=False)
BUILD, MADE_COPY = NameUse(BUILT, is_copy=False), NameUse("happy_curie7", is_copy=True)


def enter(register: UnderWay, id: str, effects: Effects, *, agrees: bool = False) -> bool:
    """As FollowedDaemon does; with nothing newer unless it agrees."""
    newer = register.find_newer(effects, effects.number)
    if newer is None or (newer and not agrees):
        return False
    register.enter(id, effects)
    return True


def add(register: UnderWay, id: str, *sources: Source, at: RequestPending | None = None) -> bool:
    """Enter what goes with nothing newer."""
    return enter(register, id, Effects((at or register.at()).number, sources=sources))


def use(register: UnderWay, id: str, name: NameUse, at: RequestPending | None = None) -> bool:
    return enter(register, id, Effects((at or register.at()).number, uses=(name,)))


def test_what_was_added_before_is_seen_and_what_comes_meanwhile_counts() -> None:
    register = UnderWay()
    second = register.at()
    assert add(register, "d-1", UPPER)

    assert register.find_newer(Effects(sources=(LOWER,)), second.number) == [UPPER]
    assert not add(register, "d-2", LOWER, at=second)
    assert register.at().others == [UPPER]
    assert add(register, "d-2", LOWER)
    assert register.at().others == [UPPER, LOWER]


def test_what_came_and_went_meanwhile_counts_too() -> None:
    register = UnderWay()
    request = register.at()
    add(register, "d-1", UPPER)
    register.settle("d-1", is_settled=True)

    assert (register.at().others, request.others) == ([], [UPPER])
    assert not add(register, "d-2", LOWER, at=request)
    assert enter(register, "d-2", Effects(request.number, sources=(LOWER,)), agrees=True)


def test_what_was_under_way_when_a_request_began_is_seen_by_it_when_it_has_ended() -> None:
    register = UnderWay()
    add(register, "d-1", UPPER)
    use(register, "d-2", COPY)
    request = register.at()
    register.settle("d-1", is_settled=True)
    register.end_uses("d-2")

    assert request.others == [UPPER]
    assert not request.allows(GIVEN)
    assert register.at().allows(GIVEN)


@pytest.mark.parametrize("ends", [True, False], ids=["failed", "unanswered"])
def test_what_is_not_known_to_be_there_goes_with_a_list_that_was_asked_for_later(
    monkeypatch: pytest.MonkeyPatch, *, ends: bool
) -> None:
    register = UnderWay()
    add(register, "d-1", UPPER)
    assert not register.find_doubtful()
    if ends:
        register.settle("d-1", is_settled=False)
    else:
        monkeypatch.setattr(under_way, "UNANSWERED_SECONDS", 0.0)

    doubtful = register.find_doubtful()
    assert register.at().others == [UPPER]
    add(register, "d-2", LOWER)
    register.note_listed(doubtful)
    assert register.at().others == [LOWER]


def test_many_ask_for_a_list() -> None:
    register = UnderWay()
    first = register.at()
    for number in range(2000):
        assert register.are_many == (number > 128)
        add(register, str(number), UPPER)

    assert register.at().others == [UPPER]
    # Not all that were made meanwhile are known singly any more: it is judged again, whatever the others are.
    for number in range(2000):
        register.settle(str(number), is_settled=True)
    assert not enter(register, "x", Effects(first.number, sources=(LOWER,)), agrees=True)
    assert add(register, "x", LOWER)


def test_a_list_that_a_request_asked_for_tells_it_what_came_to_nothing() -> None:
    register = UnderWay()
    add(register, "d-1", UPPER)
    add(register, "d-2", LOWER)
    request = register.at()
    register.settle("d-1", is_settled=False)
    doubtful = register.find_doubtful()
    register.note_listed(doubtful)
    assert request.others == [LOWER, UPPER]
    request.drop(doubtful)

    assert request.others == [LOWER]


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
def test_of_two_uses_that_do_not_go_together_the_later_one_sees_the_first(
    first: NameUse, second: NameUse, *, go_together: bool
) -> None:
    register = UnderWay()
    meanwhile = register.at()
    assert use(register, "d-1", first)

    assert register.at().allows(second) is go_together
    assert use(register, "d-2", second, at=meanwhile) is go_together
    register.end_uses("d-1")
    assert register.at().allows(second)
    assert use(register, "d-3", second)


def test_a_name_that_came_and_went_meanwhile_counts_too() -> None:
    """The container that has the name was asked for before."""
    register = UnderWay()
    meanwhile = register.at()
    use(register, "d-1", GIVEN)
    register.end_uses("d-1")

    assert not use(register, "d-2", COPY, at=meanwhile)


def test_of_more_than_are_known_none_is_certain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_way, "_MANY_RECENT", 1)
    register = UnderWay()
    meanwhile = register.at()
    for id in ("d-1", "d-2"):
        use(register, id, NameUse("db", is_copy=False))

    assert not use(register, "d-3", COPY, at=meanwhile)
    assert use(register, "d-3", COPY)


def test_while_too_many_use_names_nothing_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_way, "_MOST_USES", 1)
    register = UnderWay()
    assert use(register, "d-1", COPY)
    assert use(register, "d-2", NameUse("db", is_copy=False))

    assert not register.at().allows(NameUse("other", is_copy=True))
    register.end_uses("d-2")
    assert not register.at().allows(NameUse("other", is_copy=True))
    assert not register.at().allows(GIVEN)
    assert not use(register, "d-3", COPY)


def test_what_is_late_gives_its_own_name_and_of_very_many_any(monkeypatch: pytest.MonkeyPatch) -> None:
    register = UnderWay()
    use(register, "d-1", GIVEN)
    for id in ("d-1", "d-2"):
        register.end_uses(id, is_late=True)
    assert [register.at().may_give(name) for name in ("web", "db")] == [True, False]

    monkeypatch.setattr(under_way, "_MOST_LATE", 1)
    use(register, "d-3", NameUse("shop", is_copy=False))
    register.end_uses("d-3", is_late=True)
    assert register.at().may_give("db")
