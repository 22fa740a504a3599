"""Members meet at a place that one of the two may write, directly or through others."""

import pytest

from portero.host.member import EVERYWHERE, Member
from portero.objects.meetings import group_members


def member(id: str, *places: str, held: str = "") -> Member:
    """`places`: each that it may write, or with :ro behind it."""
    writes = frozenset(place for place in places if not place.endswith(":ro"))
    return Member(id, id, frozenset(place.removesuffix(":ro") for place in places), writes, frozenset(held.split()))


def groups(*members: Member) -> list[set[str]]:
    return [{one.id for one in group} for group in group_members(members)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (member("a", "volume v"), member("b", "volume v:ro")),
        (member("a", "/srv/x"), member("b", "/srv/x:ro")),
        (member("a", "/srv"), member("b", "/srv/x/y:ro")),
        (member("a", "/srv:ro"), member("b", "/srv/x/y")),
        (member("a", "/srv/x:ro"), member("b", held="/srv/x")),
        (member("a", "namespace b"), member("b", "namespace b")),
        (member("a", EVERYWHERE), member("b")),
    ],
)
def test_two_that_meet(one: Member, other: Member) -> None:
    assert groups(one, other) == groups(other, one) == [{"a", "b"}]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (member("a", "volume v"), member("b", "volume w")),
        (member("a", "volume v:ro"), member("b", "volume v:ro")),
        (member("a", "/srv/x"), member("b", "/srv/xy")),
        (member("a", "/srv/x"), member("b", "/srv/y")),
        (member("a"), member("b")),
    ],
)
def test_two_that_do_not(one: Member, other: Member) -> None:
    assert groups(one, other) == [{"a"}, {"b"}]


def test_through_others() -> None:
    chain = [member("a", "volume 1"), member("b", "volume 2"), member("c", "volume 2", "/srv/x"), member("d", "/srv")]

    assert groups(*chain, member("e", "volume 1", "volume 3")) == [{"a", "e"}, {"b", "c", "d"}]
