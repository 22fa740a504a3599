"""Groups by name and number, added and primary."""

import pytest

from portero.facts import groups


def test_added_groups_have_their_index() -> None:
    assert groups.read_groups(["audio", "4"], "HostConfig.GroupAdd") == [
        {"name": "audio", "primary": False, "at": "HostConfig.GroupAdd[0]"},
        {"name": "4", "primary": False, "at": "HostConfig.GroupAdd[1]"},
    ]


@pytest.mark.parametrize(
    ("user", "name"),
    [("1000:disk", "disk"), ("1000:6", "6"), ("app:+06", "6"), ("1000:disk:x", "disk"), (":shadow", "shadow")],
)
def test_the_primary_group_stands_behind_the_colon(user: str, name: str) -> None:
    assert groups.read_primary(user, "User") == [{"name": name, "primary": True, "at": "User"}]


@pytest.mark.parametrize("user", ["", "1000", "disk", "1000:"])
def test_a_user_without_a_group_has_the_image_s(user: str) -> None:
    assert groups.read_primary(user, "User") == []


@pytest.mark.parametrize(("group", "name"), [("00", "0"), ("-0", "0"), ("9" * 30, "9" * 30), ("0x6", "0x6")])
def test_numbers_have_one_spelling(group: str, name: str) -> None:
    assert groups.read_groups([group], "G") == [{"name": name, "primary": False, "at": "G[0]"}]
