"""What dockerd fills in by itself is taken away from an inspected container, and nothing that somebody said."""

import json
from dataclasses import replace
from typing import Any

import pytest

from portero.dockerd.daemon_defaults import DaemonDefaults, parse_daemon_json
from portero.facts import inspected
from portero.facts.daemon_filled import Fills, remove_filled
from portero.facts.inspected import Inspected
from portero.facts.security import MASKED
from tests.paths import TESTS

INFO: Any = {"CgroupVersion": "1", "LoggingDriver": "json-file", "DefaultRuntime": "runc"}
FILLS = Fills.of(INFO, DaemonDefaults())


def config(fills: Fills = FILLS, **said: Any) -> dict[str, Any]:
    """What is left of a HostConfig."""
    found = Inspected("ContainerCreate", "web", {"Image": "busybox", "HostConfig": said})
    left: Any = remove_filled(found, fills).body["HostConfig"]
    return dict(left)


def test_a_plain_container_of_a_real_daemon_says_nothing_any_more() -> None:
    file = TESTS / "facts" / "inspect" / "container.json"
    plain = next(thing for thing in json.loads(file.read_text()) if thing["Name"] == "/plain")
    found = inspected.make_request(plain)
    assert found is not None

    left: Any = remove_filled(found, FILLS).body["HostConfig"]

    assert not {"CgroupnsMode", "Runtime", "ShmSize"} & left.keys()
    assert left["LogConfig"] == {"Config": {}}
    assert left["NetworkMode"] == "bridge"


@pytest.mark.parametrize(
    ("at", "fills"),
    [
        ({"CgroupnsMode": "private"}, FILLS),
        ({"CgroupnsMode": "host"}, replace(FILLS, cgroup_v1=False, cgroup_namespace="private")),
        ({"CgroupnsMode": "host", "Privileged": True}, replace(FILLS, cgroup_v1=False, cgroup_namespace="private")),
        ({"Runtime": "kata"}, FILLS),
        ({"ShmSize": 1 << 30}, FILLS),
        ({"SecurityOpt": ["label=disable"]}, FILLS),
        ({"SecurityOpt": ["label=disable", "seccomp=unconfined"], "Privileged": True}, FILLS),
        ({"MaskedPaths": []}, FILLS),
        ({"MaskedPaths": [*MASKED[:3]]}, FILLS),
        ({"LogConfig": {"Type": "none", "Config": {}}}, FILLS),
    ],
)
def test_what_differs_from_the_daemon_was_requested(at: dict[str, Any], fills: Fills) -> None:
    assert config(fills, **at) == at


@pytest.mark.parametrize("shares", [{"Privileged": True}, {"PidMode": "host"}, {"IpcMode": "host"}])
def test_the_label_that_goes_with_a_shared_namespace_was_not_requested(shares: dict[str, Any]) -> None:
    assert config(SecurityOpt=["label=disable"], **shares) == shares


def test_a_privileged_container_gets_the_hosts_control_groups_on_version_1() -> None:
    fills = Fills.of(INFO, parse_daemon_json(b'{"default-cgroupns-mode": "private"}'))

    assert config(fills, CgroupnsMode="host") == {"CgroupnsMode": "host"}
    assert config(fills, CgroupnsMode="host", Privileged=True) == {"Privileged": True}


def test_the_daemons_own_configuration_is_what_it_fills_in() -> None:
    fills = Fills.of(
        {"CgroupVersion": "2", "LoggingDriver": "journald", "DefaultRuntime": "kata"},
        parse_daemon_json(b'{"default-cgroupns-mode": "host", "default-shm-size": "32m"}'),
    )

    said = {"CgroupnsMode": "host", "Runtime": "kata", "ShmSize": 32 << 20}
    assert config(fills, **said, LogConfig={"Type": "journald", "Config": {"tag": "x"}}) == {
        "LogConfig": {"Config": {"tag": "x"}}
    }


def test_the_shorter_list_of_masked_paths_of_older_daemons_was_not_requested() -> None:
    assert config(MaskedPaths=[path for path in MASKED if "powercap" not in path]) == {}


def test_other_things_stay_as_they_are() -> None:
    found = Inspected("VolumeCreate", "data", {"Driver": "local"})

    assert remove_filled(found, FILLS) is found
