"""What flags do to a request: each way of adding, and dropping only what stands at the place of a violation."""

from typing import Any

import pytest

from portero.flags import values
from portero.flags.edits import Each, Edit, Entries, Fields, Names, Network, Published, SetField, Violated


def document(**body: Any) -> dict[str, Any]:
    return {"body": body}


def added(edit: Edit, value: str, **body: Any) -> Any:
    changed = document(**body)
    edit.add(changed, value)
    return changed["body"]


MEMORY = SetField("HostConfig.Memory", values.size)
OPTIONS = Entries("SecurityOpt", str, values.option)
ULIMITS = Entries("Ulimits", values.ulimit, values.name)


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
        (Each("Tmpfs"), "PATH:ro", {"Tmpfs": {"/a": "", "/b": "rw"}}, {"Tmpfs": {"/a": "ro", "/b": "ro"}}),
        (Each("Tmpfs"), "PATH:ro", {}, {}),
        (
            Published("Ports"),
            "127.0.0.1:PORT:PORT",
            {"Ports": {"80/tcp": [{"HostPort": "8080"}], "90/tcp": None}},
            {"Ports": {"80/tcp": [{"HostPort": "8080", "HostIp": "127.0.0.1"}], "90/tcp": [{"HostIp": "127.0.0.1"}]}},
        ),
        (Published("Ports"), "[::1]:PORT:PORT", {"Ports": {"80": [{}]}}, {"Ports": {"80": [{"HostIp": "::1"}]}}),
        (
            Network(),
            "app",
            {"HostConfig": {"NetworkMode": "host"}, "NetworkingConfig": {"EndpointsConfig": {"host": {}}}},
            {"HostConfig": {"NetworkMode": "app"}, "NetworkingConfig": {"EndpointsConfig": {"app": {}}}},
        ),
    ],
)
def test_a_flag_is_added_as_the_docker_command_does_it(edit: Edit, value: str, before: Any, after: Any) -> None:
    assert added(edit, value, **before) == after


@pytest.mark.parametrize(
    ("edit", "value"),
    [
        (MEMORY, "much"),
        (MEMORY, ""),
        (ULIMITS, "nofile"),
        (Names("Options"), "a"),
        (Each("Tmpfs"), "size=1m"),
        (Published("Ports"), "80"),
        (Fields(("A",)), ""),
        (SetField("Init", values.switch), "yes"),
    ],
)
def test_a_value_that_the_flag_does_not_take_is_an_error(edit: Edit, value: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words are for nobody
        edit.add(document(), value)


@pytest.mark.parametrize(
    ("edit", "before", "place", "where", "after"),
    [
        (MEMORY, {"HostConfig": {"Memory": 1}}, "HostConfig.Memory", (), {"HostConfig": {}}),
        (MEMORY, {"HostConfig": {"Memory": 1}}, "HostConfig.MemorySwap", None, {"HostConfig": {"Memory": 1}}),
        (MEMORY, {"HostConfig": {}}, "HostConfig.Memory", None, {"HostConfig": {}}),
        (OPTIONS, {"SecurityOpt": ["a"]}, "SecurityOpt[0]", (), {"SecurityOpt": []}),
        (
            OPTIONS,
            {"SecurityOpt": ["a", "b"]},
            "SecurityOpt[1]",
            ("SecurityOpt[1]",),
            {"SecurityOpt": ["a"]},
        ),
        (OPTIONS, {"SecurityOpt": ["a"]}, "SecurityOpt[10]", None, {"SecurityOpt": ["a"]}),
        (Names("Sysctls"), {"Sysctls": {"a": "1"}}, "Sysctls[*]", (), {}),
        (Names("Sysctls"), {"Sysctls": {"a": "1"}}, "Tmpfs[*]", None, {"Sysctls": {"a": "1"}}),
        (Each("Tmpfs"), {"Tmpfs": {"/a": ""}}, "Tmpfs[*]", (), {}),
        (Published("Ports"), {"Ports": {"80": []}}, "Ports[*]", (), {}),
        (Fields(("A", "B")), {"A": [], "B": [], "C": 1}, "B", (), {"C": 1}),
        (Fields(("A", "B")), {"A": []}, "C", None, {"A": []}),
        (
            Network(),
            {"HostConfig": {"NetworkMode": "x"}, "NetworkingConfig": {"EndpointsConfig": {"x": {}}}},
            "HostConfig.NetworkMode",
            (),
            {"HostConfig": {}, "NetworkingConfig": {}},
        ),
    ],
)
def test_a_flag_is_dropped_only_where_a_rule_is_violated(
    edit: Edit, before: Any, place: str, where: Any, after: Any
) -> None:
    changed = document(**before)

    assert edit.drop(changed, Violated([place])) == where
    assert changed["body"] == after


def test_a_violation_is_within_every_place_around_it_and_in_no_other() -> None:
    violated = Violated(["HostConfig.Mounts[10].BindOptions.Propagation"])

    assert all(
        at in violated
        for at in (
            "HostConfig",
            "HostConfig.Mounts",
            "HostConfig.Mounts[10]",
            "HostConfig.Mounts[10].BindOptions",
            "HostConfig.Mounts[10].BindOptions.Propagation",
        )
    )
    assert not any(at in violated for at in ("", "Host", "HostConfig.Mount", "HostConfig.Mounts[1]", "Mounts"))
