"""Modes of namespaces are told apart as dockerd tells them apart: exactly, case and all."""

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
def test_nothing_said_is_the_default(namespace: str) -> None:
    told = namespaces.of_create({})

    assert set(told) == set(FIELDS)
    assert told[namespace] == {"mode": "default", "container": None, "at": f"HostConfig.{FIELDS[namespace]}"}


@pytest.mark.parametrize("namespace", FIELDS)
def test_every_namespace_can_be_the_host_s(namespace: str) -> None:
    told: Any = namespaces.of_create({FIELDS[namespace]: "host"})

    assert told[namespace]["mode"] == "host"


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
    told = namespaces.of_create({FIELDS[namespace]: at})

    assert told[namespace] == {"mode": mode, "container": container, "at": f"HostConfig.{FIELDS[namespace]}"}


def test_a_build_can_share_a_container_s_network() -> None:
    assert namespaces.of_build("container:web", "?networkmode") == {
        "network": {"mode": "container", "container": "web", "at": "?networkmode"}
    }
