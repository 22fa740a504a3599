"""What dockerd has and the picture lacks, or has otherwise, is a difference; what is gone or may change is none."""

from collections.abc import Callable
from typing import Any

import pytest

from portero.decide.interfaces.daemon import ListedKind, ObjectKind
from portero.decide.interfaces.effects import Touch
from portero.decide.values.refusals import Refused
from portero.observe.lookups.picture import Picture
from portero.observe.lookups.picture_check import compare_facts, compare_list, compare_networks
from tests.observe.lookups.test_container_cache import ID, shown
from tests.observe.lookups.test_picture import NETWORK, VOLUME, made

MOUNTS = [{"Type": "bind", "Source": path, "Destination": path, "RW": True} for path in ("/a", "/b")]
OF_IMAGE = {"Type": "volume", "Name": "5" * 64, "Source": "/var/lib/docker/volumes/5/_data", "RW": True}
LISTED = {"Id": ID, "Names": ["/web", "/gone/db"], "State": "running", "Mounts": [*MOUNTS, OF_IMAGE]}


def picture() -> Picture:
    found = made()
    found.note_containers([LISTED], found.moment)
    return found


@pytest.mark.parametrize(
    ("listed", "what"),
    [
        ([LISTED], []),
        ([], []),
        ([{**LISTED, "Mounts": [OF_IMAGE, *MOUNTS[::-1]], "State": "paused", "Names": ["/db/web", "/web"]}], []),
        ([{**LISTED, "Mounts": [*MOUNTS, {**OF_IMAGE, "Source": ""}]}], []),
        ([{**LISTED, "Mounts": [*MOUNTS, {**OF_IMAGE, "Name": "6" * 64}]}], ["has other mounts"]),
        ([{**LISTED, "Mounts": MOUNTS[:1]}], ["has other mounts"]),
        ([{**LISTED, "Names": ["/other"]}], ["has another name"]),
        ([LISTED, {**LISTED, "Id": "f" * 64}], ["is missing"]),
    ],
)
def test_differences_of_a_list(listed: Any, what: list[str]) -> None:
    found = picture()

    assert [each.partition(": ")[2] for each in compare_list(found, listed, found.moment)] == what
    found.note_touch(Touch("container"))
    assert compare_list(found, listed, found.moment - 1) == []


def test_what_runs_is_not_known_to_rest() -> None:
    found = picture()
    found.note_containers([{**LISTED, "State": "exited"}], found.moment)

    assert compare_list(found, [LISTED], found.moment) == [f"container {ID[:12]}: runs"]


class Answers:
    """Of dockerd, by kind and name."""

    def __init__(self, shown: Any) -> None:
        self._shown = shown

    def ask_for(self, kind: ObjectKind, ref: str) -> Any:
        if self._shown[kind, ref] == "nothing":
            raise Refused("lookup-failed")
        return self._shown[kind, ref]

    def read_all(self, kind: ListedKind) -> Any:
        return self._shown[kind]


def compare(found: Picture, shown: Any, take_events: Callable[[float], None] = lambda seconds: None) -> list[str]:
    return compare_facts(found, [*shown], Answers(shown), take_events)  # type: ignore[arg-type]


def test_differences_of_details() -> None:
    links = {"Links": ["/b:/web/b", "/c:/web/a"]}  # in any order, by the names of now
    found = picture()
    found.note_inspected(
        "container", ID, {**shown(), "HostConfig": {"Links": ["/a:/web/a", "/b:/web/b"]}}, found.moment
    )
    now = {**shown(name="other", Image="x"), "Mounts": MOUNTS, "HostConfig": links}
    different = compare(found, {("container", ID): now, ("container", "f" * 64): now})

    assert [each.partition(": ")[2] for each in different] == ["mounts", "Name", "Config"]


@pytest.mark.parametrize(
    ("volume", "network", "different"),
    [
        (VOLUME, NETWORK, []),
        ({**VOLUME, "CreatedAt": "now", "UsageData": {}}, {**NETWORK, "Containers": {}}, []),
        (None, "nothing", []),
        (
            {**VOLUME, "Options": {"device": "/"}},
            {**NETWORK, "Driver": "x"},
            ["volume data: Options", "network front: Driver"],
        ),
    ],
    ids=["the same", "what is not kept", "gone, and not answered", "others"],
)
def test_differences_of_volumes_and_networks(volume: Any, network: Any, different: list[str]) -> None:
    shown = {("volume", "data"): volume, ("network", "front"): network}

    assert compare(made(), shown) == different


def test_a_network_that_is_not_known_is_a_difference() -> None:
    found, there = made(), [{"Id": "9" * 64}, {"Id": "8" * 64}]

    def compare(listed: Any, take_events: Callable[[float], None] = lambda seconds: None) -> list[str]:
        return compare_networks(found, Answers({"network": listed}), take_events)  # type: ignore[arg-type]

    assert compare(there[:1]) == compare([]) == []
    assert compare(there) == [f"network {'8' * 12}: is missing"]
    assert compare(there, lambda seconds: found.note_touch(Touch("network"))) == []
    assert compare(there) == []


def test_what_an_event_explains_a_moment_later_is_no_difference() -> None:
    found = picture()

    def take_events(seconds: float) -> None:
        if seconds:
            found.note_touch(Touch("container", ID))

    now = {("container", ID): {**shown(), "HostConfig": {"Memory": 1}}}
    assert not compare(found, now, take_events)
    found.note_inspected("container", ID, shown(), found.moment)
    assert compare(found, now) == [f"container {ID[:12]}: HostConfig"]


def test_events_are_taken_before_each_question() -> None:
    found, taken = picture(), list[float]()
    found.note_inspected("container", ID, shown(), found.moment)
    shown_now = {("container", ID): shown(), ("container", ID[:12]): shown(), ("volume", "data"): VOLUME}

    assert not compare(found, shown_now, taken.append)
    assert taken == [0.0] * 3
