"""--shm-size takes the place of a refused mount of the host's /dev/shm, and of no other."""

from typing import Any

import pytest

from portero.decide.flags import format_values, parse_values
from portero.decide.flags.edits import NONE, NOTHING, Change, Violated
from portero.decide.flags.mount_flags import SharedMemory

EDIT = SharedMemory("ShmSize", parse_values.size, format_values.size)


def mounts(*sources: str) -> Violated:
    return Violated(["Binds[0]"], [{"source": source, "paths": [source]} for source in sources])


def test_a_mount_of_dev_shm_gives_way_to_a_size() -> None:
    document: Any = {"body": {}}

    assert EDIT.add(document, "256m", mounts("/etc", "/dev/shm")) == Change(("256m",))
    assert EDIT.typed_value(document) == "256m"


@pytest.mark.parametrize("before", [{}, {"ShmSize": 0}])
def test_another_mount_does_not(before: dict[str, int]) -> None:
    document: Any = {"body": dict(before)}

    assert EDIT.add(document, "256m", mounts("/dev", "/dev/shm/x")) == NOTHING
    assert document == {"body": before}


def test_a_request_keeps_its_own_size_beside_a_mount() -> None:
    document: Any = {"body": {"ShmSize": 1024}}

    assert EDIT.add(document, "256m", mounts("/dev/shm")) == NOTHING
    assert EDIT.drop(document, Violated(["ShmSize"])) == Change(removed=("1k",))


def test_a_rule_that_is_not_about_mounts_proposes_it_always() -> None:
    assert EDIT.add({"body": {"ShmSize": 1024}}, "256m", NONE) == Change(("256m",), ("1k",))
