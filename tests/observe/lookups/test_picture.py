"""A picture answers while events come; what others can change without a request, it does not keep."""

from typing import Any

import pytest

from portero.decide.interfaces.daemon import ObjectKind
from portero.decide.interfaces.effects import EVERYTHING, Touch
from portero.observe.lookups.picture import Picture
from tests.decide.objects.test_changes import change
from tests.observe.lookups.test_container_cache import ID, shown

VOLUME = {"Name": "data", "Driver": "local", "Mountpoint": "/x", "Options": None}
NETWORK = {"Name": "front", "Id": "9" * 64, "Driver": "bridge", "Containers": {"1": {}}}


def made(*, is_swarm: bool = False) -> Picture:
    picture = Picture()
    picture.is_followed = True
    picture.note_swarm(picture.moment, is_swarm=is_swarm)
    picture.note_containers([{"Id": ID, "Names": ["/web"], "State": "running"}], picture.moment)
    for kind, name, one in (("container", ID, shown()), ("volume", "data", VOLUME), ("network", "front", NETWORK)):
        picture.note_inspected(kind, name, one, picture.moment)  # type: ignore[arg-type]
    picture.note_networks([{"Id": "9" * 64}], picture.moment)
    return picture


def find_all(picture: Picture) -> list[Any]:
    named = (("container", "web"), ("volume", "data"), ("network", "front"))
    found = [picture.find(kind, name) for kind, name in named]  # type: ignore[arg-type]
    return [*(one and one["Name"] for one in found), picture.list_networks(), picture.has_no_services()]


KNOWN = ["/web", "data", "front", [{"Id": "9" * 64}], True]
NOTHING = [None, None, None, None, False]


def test_what_was_read_is_known() -> None:
    picture = made()

    assert find_all(picture) == KNOWN
    assert [one["Id"] for one in picture.list_containers()[0]] == [ID]  # type: ignore[index]
    assert "Containers" not in picture.find("network", "front")  # type: ignore[operator]
    assert picture.find("image", "web") is None


@pytest.mark.parametrize(
    ("followed", "swarm", "found"),
    [(False, False, NOTHING), (True, True, ["/web", "data", None, None, False])],
    ids=["without events nothing", "in a swarm no networks and containers: others make them"],
)
def test_what_others_can_change_is_not_known(*, followed: bool, swarm: bool, found: list[Any]) -> None:
    picture = made(is_swarm=swarm)
    picture.is_followed = followed

    assert find_all(picture) == found
    assert picture.list_containers() is None


@pytest.mark.parametrize(
    ("ref", "scope", "is_kept"),
    [("9" * 64, "local", True), ("front", "local", False), ("9" * 64, "swarm", False)],
)
def test_in_a_swarm_a_local_network_is_kept_by_its_id(ref: str, scope: str, *, is_kept: bool) -> None:
    picture = made(is_swarm=True)
    picture.note_inspected("network", ref, {**NETWORK, "Scope": scope}, picture.moment)
    assert (picture.find("network", ref) is not None) == is_kept

    picture.begin([Touch("network")])
    assert picture.find("network", ref) is None


def test_a_request_that_can_change_everything_begins_anew() -> None:
    picture = made()
    before = picture.moment
    picture.begin(EVERYTHING.touches)
    picture.note_swarm(picture.moment, is_swarm=False)
    picture.note_containers([], picture.moment)
    assert find_all(picture) == NOTHING
    assert picture.list_containers() is None

    picture.end(EVERYTHING.touches)
    # What was asked for before that is not kept.
    picture.note_swarm(before, is_swarm=False)
    picture.note_containers([], before)
    assert picture.list_containers() is None


def test_each_kind_is_forgotten_by_its_own_requests() -> None:
    for touch, at in ((Touch("container", "web"), 0), (Touch("volume", "data"), 1), (Touch("network"), 2)):
        picture = made()
        before = picture.moment
        picture.begin([touch])
        picture.end([touch])
        assert find_all(picture)[at] is None
        picture.note_inspected("volume", "data", VOLUME, before)
        picture.note_inspected("network", "front", NETWORK, before)
        assert find_all(picture)[at] is None

    picture = made()
    picture.note_touch(Touch("volume", "other"))
    assert find_all(picture) == KNOWN


@pytest.mark.parametrize(("name", "driver"), [("nfs", "nfs"), ("a" * 64, "local")], ids=["driver", "anonymous"])
def test_what_others_change_or_remove_behind_a_volume_is_not_known(name: str, driver: str) -> None:
    picture = made()
    picture.note_inspected("volume", name, {**VOLUME, "Driver": driver}, picture.moment)

    assert picture.find("volume", name) is None


def test_an_exec_never_changes() -> None:
    picture = made()
    exec = {"ID": "1", "ContainerID": ID, "Running": True, "ProcessConfig": {"user": "", "arguments": ["secret"]}}
    picture.note_inspected("exec", "1", exec, picture.moment)

    assert picture.find("exec", "1") == {"ID": "1", "ContainerID": ID, "ProcessConfig": {"user": ""}}


def test_what_is_gone_is_not_there_and_may_differ_since() -> None:
    picture = made()
    before = picture.moment
    assert not picture.may_differ("container", ID, before)
    picture.note_removed(ID)

    assert picture.may_differ("container", ID, before)
    assert [*map(list, picture.list_containers() or ())] == [[], []]


def test_what_is_known_beside_containers_and_may_differ_is_listed() -> None:
    picture = made()
    picture.note_inspected("exec", "1", {"ID": "1", "ContainerID": ID}, picture.moment)
    assert picture.list_others() == [("volume", "data"), ("network", "front")]

    before = picture.moment
    picture.note_touch(Touch("volume", "data"), Touch("network"))
    assert picture.list_others() == []
    named: list[tuple[ObjectKind, str]] = [("volume", "data"), ("volume", "other"), ("network", "front"), ("exec", "1")]
    assert [picture.may_differ(*each, before) for each in named] == [True, False, True, False]


def test_what_was_read_while_nobody_followed_is_not_known() -> None:
    picture = made()
    before = picture.moment
    picture.follow()
    picture.note_inspected("volume", "data", VOLUME, before)

    assert picture.is_followed
    assert find_all(picture) == NOTHING


def test_who_prunes_has_nothing_read_again() -> None:
    picture = made()
    while picture.pop_unread():
        pass
    picture.begin(change("POST", "/containers/prune").touches)

    assert find_all(picture) == KNOWN
    assert not picture.has_unread
