"""Doors of a site: what each lets through, whose containers have it, and what is wrong with an entry."""

from typing import Any

import jsonschema
import pytest

from portero.decide.identity.trusted import Door
from portero.decide.policy.doors import (
    describe_ownership,
    hides_variables,
    lets_through,
    list_faults,
    make_mounted,
    make_operations,
    read_doors,
)

OPERATIONS = {"SystemPing", "ContainerList", "ContainerStop", "ContainerLogs"}
LISTS = {"reader": {"operations": ["SystemPing", "ContainerList"], "sources": ["x"]}}
DIGEST, OTHER = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"


def site(*doors: Any, lists: Any = LISTS) -> dict[str, Any]:
    return {"doors": [*doors], "door-lists": lists}


def allows(values: dict[str, Any], user: str, operation: str) -> bool:
    document = {"operation": operation, "identity": {"user": user}}
    return jsonschema.Draft202012Validator(make_operations(values)).is_valid(document)


def mounts(values: dict[str, Any], door: str, image: str = "", user: str = "", groups: Any = ()) -> bool:
    facts = {"mounts": [{"door": ""}, {"door": door}], "image": {"digest": image or None}}
    document = {"facts": facts, "identity": {"user": user, "groups": [*groups]}}
    return jsonschema.Draft202012Validator(make_mounted(values)).is_valid(document)


def test_a_door_lets_its_lists_and_operations_through_and_others_everything() -> None:
    values = site({"name": "users"}, {"name": "tool", "operations": ["reader", "ContainerStop"]})

    assert [allows(values, "door:tool", name) for name in sorted(OPERATIONS)] == [True, False, True, True]
    assert allows(values, "unix:alicia", "ContainerLogs")
    assert allows(values, "door:other", "ContainerLogs")


def test_the_users_door_has_a_list_of_its_own_and_an_empty_list_lets_nothing_through() -> None:
    values = site({"name": "users", "operations": ["reader"]}, {"name": "tool"}, {"name": "shut", "operations": []})

    assert not allows(values, "unix:alicia", "ContainerLogs")
    assert not allows(values, "alicia", "ContainerLogs")
    assert allows(values, "door:tool", "ContainerLogs")
    assert not allows(values, "door:shut", "SystemPing")


def test_no_container_has_a_door_that_lists_none() -> None:
    for values in (site(), site({"name": "users"}, {"name": "tool"})):
        assert mounts(values, "")
        assert not mounts(values, "tool")


@pytest.mark.parametrize(
    ("containers", "given", "holds"),
    [
        ({"images": [DIGEST]}, {"image": DIGEST}, True),
        ({"images": [DIGEST]}, {"image": OTHER}, False),
        ({"images": [DIGEST]}, {"user": "alicia"}, False),
        ({"users": ["alicia"]}, {"user": "alicia"}, True),
        ({"users": ["alicia"]}, {"user": ""}, False),
        ({"groups": ["ops"]}, {"user": "bob", "groups": ["dev", "ops"]}, True),
        ({"groups": ["ops"]}, {"user": "ops"}, False),
        ({"images": [DIGEST], "users": ["alicia"]}, {"image": DIGEST, "user": "alicia"}, True),
        ({"images": [DIGEST], "users": ["alicia"]}, {"image": DIGEST, "user": "bob"}, False),
        ({"images": [DIGEST], "users": ["alicia"]}, {"image": OTHER, "user": "alicia"}, False),
    ],
)
def test_each_that_an_entry_names_must_hold(containers: Any, given: Any, holds: bool) -> None:
    values = site({"name": "tool", "containers": containers}, {"name": "second", "containers": {"users": ["carla"]}})

    assert mounts(values, "tool", **given) is holds
    assert not mounts(values, "second", **given)
    assert not mounts(values, "other", **given)


def test_a_request_without_mounts_or_an_image_of_a_digest_is_none_of_a_door() -> None:
    values = site({"name": "tool", "containers": {"images": [DIGEST]}})
    validator = jsonschema.Draft202012Validator(make_mounted(values))

    assert validator.is_valid({"facts": {}, "identity": {"user": "", "groups": []}})
    assert not validator.is_valid({"facts": {"mounts": [{"door": "tool"}]}, "identity": {"user": "", "groups": []}})


def test_what_is_wrong_is_said() -> None:
    values = site(
        {"name": "tool", "operations": ["raeder", "ContainerLgos"], "same-names": True},
        {"name": "tool"},
        {"name": "users", "containers": {"users": ["x"]}},
        lists={"reader": {"operations": ["ContainerLits"]}},
    )

    assert [*list_faults(values, OPERATIONS)] == [
        "doors: has tool twice: write one entry",
        "doors: 'raeder' is no operation and no list: did you mean 'reader'?",
        "doors: 'ContainerLgos' is no operation and no list: did you mean 'ContainerLogs'?",
        "doors: same-names is of users: remove it from tool",
        "doors: users is for people, and no container has it: give the container its own door",
        "door-lists: reader: 'ContainerLits' is no operation: did you mean 'ContainerList'?",
    ]


def test_label_and_owners_need_ownership() -> None:
    entries = (
        {"name": "users", "label": True, "owners": ["x"]},
        {"name": "tool", "owners": ["group:dev"], "label": False},
    )

    assert [*list_faults(site(*entries), OPERATIONS)] == [
        "doors: owners is of tools' doors: remove it from users, where each sees what is theirs",
        "doors: label and owners of users need ownership: name the label there",
        "doors: label and owners of tool need ownership: name the label there",
    ]
    assert [*list_faults({**site(entries[1]), "ownership": "owner"}, OPERATIONS)] == []


def test_a_door_lets_through_what_it_lists() -> None:
    values = site(
        {"name": "tool", "operations": ["reader"]}, {"name": "users"}, lists={"reader": {"operations": ["X"]}}
    )

    for name, operation, passes in (("tool", "X", True), ("tool", "Y", False), ("users", "Y", True)):
        assert lets_through(values, name, operation) is passes


def test_a_door_learns_what_ownership_rests_on_where_it_is_enforced() -> None:
    named: dict[str, Any] = {
        "ownership": "owner",
        "operators": ["olga"],
        "operator-groups": [],
        "user-groups": {},
        "doors": [],
    }
    named["door-lists"] = {}

    assert describe_ownership({**named, "registries": ["x"]}, is_enforced=True) == named
    assert describe_ownership(named, is_enforced=False) == {**named, "ownership": ""}


def test_who_asks_at_a_door_has_its_groups() -> None:
    assert read_doors(site({"name": "users", "groups": ["dev"], "same-names": True}, {"name": "tool"})) == {
        "users": Door(("dev",), same_names=True),
        "tool": Door(),
    }
    assert read_doors({}) == {}


def test_a_door_shows_variables_as_its_entry_says_or_its_lists() -> None:
    lists = {"quiet": {"operations": ["SystemPing"], "variables": "names"}, **LISTS}
    doors = (
        {"name": "quiet", "operations": ["quiet"]},
        {"name": "mixed", "operations": ["quiet", "reader"]},
        {"name": "loud", "operations": ["quiet"], "variables": "all"},
        {"name": "said", "operations": ["reader"], "variables": "names"},
        {"name": "none"},
    )
    values = site(*doors, lists=lists)

    assert [door["name"] for door in doors if hides_variables(values, door["name"])] == ["quiet", "said"]


@pytest.mark.parametrize(
    ("operations", "faults"),
    [
        ({"operations": ["SystemPing"]}, 0),
        ({"operations": ["SystemPing", "ContainerCreate"]}, 1),
        ({"operations": ["ServiceUpdate"]}, 1),
        ({}, 1),
    ],
)
def test_what_would_write_masks_back_is_a_fault(operations: dict[str, Any], faults: int) -> None:
    values = site({"name": "tool", "variables": "names", **operations})
    found = [*list_faults(values, OPERATIONS | {"ContainerCreate", "ServiceUpdate"})]

    assert len(found) == faults
    assert all("would write *** back" in fault for fault in found)
