"""Modes of namespaces are told apart as dockerd does: case-sensitively."""

from typing import Any

import pytest

from portero.facts import namespaces

FIELDS = {
    "network": "NetworkMode",
    "pid": "PidMode",
    "ipc": "IpcMode",
    "uts": "UTSMode",
    "user": "UsernsMode",
    "cgroup": "CgroupnsMode",
}


@pytest.mark.parametrize("namespace", FIELDS)
def test_nothing_set_is_the_default(namespace: str) -> None:
    found = namespaces.read_create({})

    assert set(found) == set(FIELDS)
    assert found[namespace] == {"mode": "default", "container": None, "at": f"HostConfig.{FIELDS[namespace]}"}


@pytest.mark.parametrize("namespace", FIELDS)
def test_every_namespace_can_be_the_host_s(namespace: str) -> None:
    found: Any = namespaces.read_create({FIELDS[namespace]: "host"})

    assert found[namespace]["mode"] == "host"


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
