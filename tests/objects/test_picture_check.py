"""What dockerd has and the picture lacks, or has otherwise, is a difference; what is gone or may change is none."""

from typing import Any

import pytest

from portero.objects.changes import Touch
from portero.objects.picture import Picture
from portero.objects.picture_check import compare_facts, compare_list
from tests.objects.test_container_cache import ID, shown
from tests.objects.test_picture import made

MOUNTS = [{"Type": "bind", "Source": path, "Destination": path, "RW": True} for path in ("/a", "/b")]
LISTED = {"Id": ID, "Names": ["/web"], "State": "running", "Mounts": MOUNTS}


def picture() -> Picture:
    found = made()
    found.note_containers([LISTED], found.moment)
    return found


@pytest.mark.parametrize(
    ("listed", "what"),
    [
        ([LISTED], []),
        ([], []),
        ([{**LISTED, "Mounts": MOUNTS[::-1], "State": "paused", "Names": ["/db/web", "/web"]}], []),
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


def test_differences_of_details() -> None:
    class Answers:
        def ask_for(self, kind: str, id: str) -> Any:
            links = {"Links": ["/b:/web/b", "/c:/web/a"]}  # in any order, by the names of now
            return {**shown(name="other", Image="x"), "Mounts": MOUNTS, "HostConfig": links}

    found = picture()
    found.note_inspected(
        "container", ID, {**shown(), "HostConfig": {"Links": ["/a:/web/a", "/b:/web/b"]}}, found.moment
    )
    different = compare_facts(found, [ID, "f" * 64], Answers(), lambda: None)  # type: ignore[arg-type]

    assert [each.partition(": ")[2] for each in different] == ["mounts", "Name", "Config"]


def test_what_an_event_explains_a_moment_later_is_no_difference() -> None:
    found = picture()

    def take_late_events() -> None:
        found.note_touch(Touch("container", ID))

    class Answers:
        def ask_for(self, kind: str, id: str) -> Any:
            return {**shown(), "HostConfig": {"Memory": 1}}

    assert not compare_facts(found, [ID], Answers(), take_late_events)  # type: ignore[arg-type]
    found.note_inspected("container", ID, shown(), found.moment)
    assert compare_facts(found, [ID], Answers(), lambda: None)  # type: ignore[arg-type]
