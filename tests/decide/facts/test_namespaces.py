"""Modes of namespaces are told apart as dockerd does: case-sensitively."""

from typing import Any

import pytest

from portero.decide.facts import namespaces

FIELDS = {
    "network": "NetworkMode",
    "pid": "PidMode",
    "ipc": "IpcMode",
    "uts": "UTSMode",
    "user": "UsernsMode",
    "cgroup": "CgroupnsMode",
}


@pytest.mark.parametrize(("said", "mode"), [({}, "default"), (dict.fromkeys(FIELDS.values(), "host"), "host")])
def test_each_namespace_is_the_default_or_the_host_s(said: Any, mode: str) -> None:
    assert namespaces.read_create(said) == {
        name: {"mode": mode, "container": None, "at": f"HostConfig.{field}"} for name, field in FIELDS.items()
    }


@pytest.mark.parametrize(
    ("namespace", "at", "mode", "container"),
    [
        ("network", "container:web", "container", "web"),
        ("network", "container:", "container", ""),
        ("network", "container", "network", None),
        ("network", "bridge", "bridge", None),
        ("network", "none", "none", None),
        ("network", "default", "default", None),
        ("network", "HOST", "network", None),
        ("network", "ns:/proc/1/ns/net", "path", None),
        ("pid", "container:a:b", "container", "a:b"),
        ("pid", "HOST", "other", None),
        ("pid", "private", "other", None),
        ("ipc", "private", "private", None),
        ("ipc", "shareable", "shareable", None),
        ("ipc", "none", "none", None),
        ("ipc", "container:web", "container", "web"),
        ("ipc", "Container:web", "other", None),
        ("uts", "host:x", "other", None),
        ("user", "private", "other", None),
        ("cgroup", "private", "private", None),
        ("cgroup", "x", "other", None),
    ],
)
def test_a_mode_is_one_of_the_words(namespace: str, at: str, mode: str, container: str | None) -> None:
    found = namespaces.read_create({FIELDS[namespace]: at})

    assert found[namespace] == {"mode": mode, "container": container, "at": f"HostConfig.{FIELDS[namespace]}"}


def test_a_build_can_share_a_container_s_network() -> None:
    assert namespaces.read_build("container:web", "?networkmode") == {
        "network": {"mode": "container", "container": "web", "at": "?networkmode"}
    }
