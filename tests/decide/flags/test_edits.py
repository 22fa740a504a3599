"""What flags do to a request: each way of adding, and dropping only what stands at the place of a violation."""

from typing import Any

import pytest

from portero.decide.flags import format_values, mount_flags, parse_values
from portero.decide.flags.edits import (
    NONE,
    NOTHING,
    Change,
    Document,
    Edit,
    Entries,
    Names,
    SetField,
    Switch,
    Violated,
    copy_parents,
)
from portero.decide.flags.several_fields import Fields
from tests.decide.flags.bodies import document


def added(edit: Edit, value: str, **body: Any) -> Any:
    changed = document(**body)
    edit.add(changed, value, NONE)
    return changed["body"]


MEMORY = SetField("HostConfig.Memory", parse_values.size, format_values.size)
OPTIONS = Entries("SecurityOpt", str, parse_values.option)
ULIMITS = Entries("Ulimits", parse_values.ulimit, parse_values.name)


@pytest.mark.parametrize(
    ("edit", "value", "before", "after"),
    [
        (MEMORY, "512m", {}, {"HostConfig": {"Memory": 536870912}}),
        (MEMORY, "1k", {"HostConfig": {"Memory": 1, "Init": True}}, {"HostConfig": {"Memory": 1024, "Init": True}}),
        (SetField("User", str), "1:1", {"User": "root"}, {"User": "1:1"}),
        (
            OPTIONS,
            "no-new-privileges",
            {"SecurityOpt": ["no-new-privileges:false", "seccomp=x"]},
            {"SecurityOpt": ["seccomp=x", "no-new-privileges"]},
        ),
        (
            ULIMITS,
            "nofile=1:2",
            {"Ulimits": [{"Name": "nofile", "Soft": 9, "Hard": 9}, {"Name": "nproc", "Soft": 3, "Hard": 3}]},
            {"Ulimits": [{"Name": "nproc", "Soft": 3, "Hard": 3}, {"Name": "nofile", "Soft": 1, "Hard": 2}]},
        ),
        (Names("Options"), "a.b=false", {"Options": {"c": "1"}}, {"Options": {"c": "1", "a.b": "false"}}),
        (Switch("Init"), "", {}, {"Init": True}),
    ],
)
def test_a_flag_is_added_as_the_docker_command_does_it(edit: Edit, value: str, before: Any, after: Any) -> None:
    assert added(edit, value, **before) == after


@pytest.mark.parametrize(
    ("edit", "value"),
    [
        *((MEMORY, "much"), (MEMORY, ""), (ULIMITS, "nofile"), (Names("Options"), "a")),
        *((Fields(("A",), "x"), ""), (Switch("Init"), "yes")),
    ],
)
def test_a_value_that_the_flag_does_not_take_is_an_error(edit: Edit, value: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words are for nobody
        edit.add(document(), value, NONE)


@pytest.mark.parametrize(
    ("edit", "before", "place", "gone", "after"),
    [
        (MEMORY, {"HostConfig": {"Memory": 4 << 30}}, "HostConfig.Memory", ("4g",), {"HostConfig": {}}),
        (MEMORY, {"HostConfig": {"Memory": 1}}, "HostConfig.MemorySwap", (), {"HostConfig": {"Memory": 1}}),
        (MEMORY, {"HostConfig": {}}, "HostConfig.Memory", (), {"HostConfig": {}}),
        (Switch("Init"), {"Init": True}, "Init", ("",), {}),
        (OPTIONS, {"SecurityOpt": ["a"]}, "SecurityOpt[0]", ("a",), {"SecurityOpt": []}),
        (OPTIONS, {"SecurityOpt": ["a", "b"]}, "SecurityOpt[1]", ("b",), {"SecurityOpt": ["a"]}),
        (OPTIONS, {"SecurityOpt": ["a"]}, "SecurityOpt[10]", (), {"SecurityOpt": ["a"]}),
        (Names("Sysctls"), {"Sysctls": {"a": "1"}}, "Sysctls[*]", ("a=...",), {"Sysctls": {}}),
        (Names("Sysctls"), {"Sysctls": {"a": "1"}}, "Tmpfs[*]", (), {"Sysctls": {"a": "1"}}),
        (Fields(("A", "B"), "x"), {"A": [], "B": [], "C": 1}, "B", ("x",), {"C": 1}),
        (Fields(("A", "B"), "x"), {"A": []}, "C", (), {"A": []}),
    ],
)
def test_a_flag_is_dropped_only_where_a_rule_is_violated(
    edit: Edit, before: Any, place: str, gone: tuple[str, ...], after: Any
) -> None:
    changed = document(**before)

    assert edit.drop(changed, Violated([place])) == Change(removed=gone)
    assert changed["body"] == after


def test_a_name_is_dropped_alone_where_the_violation_tells_which() -> None:
    changed = document(Sysctls={"a": "1", "b": "2"})

    change = Names("Sysctls", format_values.plain_pair).drop(changed, Violated(["Sysctls[*]"], [{"name": "b"}]))

    assert (change, changed["body"]) == (Change(removed=("b=2",)), {"Sysctls": {"a": "1"}})


def test_what_a_flag_replaces_is_told_as_it_is_typed() -> None:
    changed = document(HostConfig={"Memory": 4 << 30})

    assert MEMORY.add(changed, "1g", NONE) == Change(("1g",), ("4g",))
    assert MEMORY.add(changed, "1g", NONE) == NOTHING


def test_a_mount_is_changed_in_its_place() -> None:
    edit = Entries("Binds", changes=mount_flags.OF_BINDS)
    changed = document(Binds=["/a:/a", "/b:/b:rw,z", "/c:/c"])

    assert edit.change(changed, "read-only", Violated(["Binds[1]"])) == Change(("/b:/b:ro,z",), ("/b:/b:rw,z",))
    assert changed["body"] == {"Binds": ["/a:/a", "/b:/b:ro,z", "/c:/c"]}
    assert edit.change(changed, "read-only", Violated(["Binds[1]"])) == NOTHING
    assert edit.change(changed, "unknown", Violated(["Binds[1]"])) == NOTHING


def test_objects_on_the_way_to_a_field_are_copies_or_made() -> None:
    before: Document = {"body": {"HostConfig": {"Memory": 1}}}
    changed = dict(before)
    for path in ("HostConfig.Memory", "A.B.C"):
        parent, name = copy_parents(changed, path)
        parent[name] = 2

    assert changed == {"body": {"HostConfig": {"Memory": 2}, "A": {"B": {"C": 2}}}}
    assert before == {"body": {"HostConfig": {"Memory": 1}}}


def test_a_violation_is_within_every_place_around_it_and_in_no_other() -> None:
    violated = Violated(["HostConfig.Mounts[10].BindOptions.Propagation"])

    places = ("HostConfig", "HostConfig.Mounts", "HostConfig.Mounts[10]", "HostConfig.Mounts[10].BindOptions")
    assert all(at in violated for at in (*places, "HostConfig.Mounts[10].BindOptions.Propagation"))
    assert not any(at in violated for at in ("", "Host", "HostConfig.Mount", "HostConfig.Mounts[1]", "Mounts"))


def test_a_fact_tells_which_of_several_names_is_meant() -> None:
    violated = Violated(["Sysctls[*]"], [{"name": "b"}, {"target": "/run"}])

    assert violated.named(["a", "b"]) == ["b"]
    assert violated.named(["/run", "/tmp"], "target") == ["/run"]
    assert violated.named(["c", "d"]) == ["c", "d"]


def test_a_field_that_docker_sends_without_its_flag_is_not_dropped() -> None:
    edit = SetField("HostConfig.CgroupnsMode")
    for sent, removed in (("", ()), ("host", ("host",))):
        document: dict[str, Any] = {"body": {"HostConfig": {"CgroupnsMode": sent}}}
        assert edit.drop(document, Violated(["HostConfig.CgroupnsMode"])).removed == removed
