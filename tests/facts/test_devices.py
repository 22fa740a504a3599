"""Devices of the host are found by their cleaned paths, and by what links make of them."""

from typing import Any

import pytest

from portero.facts import devices
from portero.host.fixed import FixedHost
from portero.refusals import Refused

HOST = FixedHost({"links": {"/srv/disk": "/dev/sda"}})


def of_device(**device: str) -> Any:
    return devices.read_devices({"Devices": [{**device}]}, "HostConfig.", HOST)


def test_a_device_is_reported_with_its_permissions() -> None:
    found = of_device(PathOnHost="//dev/./sda", PathInContainer="/dev/xvda", CgroupPermissions="mr")

    assert found == [
        {"path": "/dev/sda", "target": "/dev/xvda", "permissions": "rm", "at": "HostConfig.Devices[0]"},
    ]


@pytest.mark.parametrize(("at", "permissions"), [("", "rwm"), ("wr", "rw"), ("r", "r"), ("x", "")])
def test_permissions_are_in_order_and_all_when_not_set(at: str, permissions: str) -> None:
    assert of_device(PathOnHost="/dev/fuse", CgroupPermissions=at)[0]["permissions"] == permissions


def test_a_link_counts_twice() -> None:
    assert [fact["path"] for fact in of_device(PathOnHost="/srv/disk")] == ["/srv/disk", "/dev/sda"]


def test_a_path_that_goes_up_is_refused_since_the_kernel_follows_it_as_it_stands() -> None:
    with pytest.raises(Refused) as refused:
        of_device(PathOnHost="/srv/disk/../../dev/null")

    assert (refused.value.code, refused.value.at) == ("path-climbs", "HostConfig.Devices[0]")


def test_a_relative_path_counts_from_the_root() -> None:
    assert [fact["path"] for fact in of_device(PathOnHost="dev/sda")] == ["/dev/sda"]


def test_a_link_cannot_be_followed_on_a_host_that_is_not_visible() -> None:
    found: Any = devices.read_devices({"Devices": [{"PathOnHost": "/srv/disk"}]}, "", FixedHost({"visible": False}))

    assert [fact["path"] for fact in found] == ["/srv/disk"]


def test_a_control_character_is_refused_where_it_stands() -> None:
    with pytest.raises(Refused) as refused:
        of_device(PathOnHost="/dev/sda\n")

    assert (refused.value.code, refused.value.at) == ("path-control-character", "HostConfig.Devices[0]")


def test_cgroup_rules_are_reported_as_requested() -> None:
    assert devices.read_rules({"DeviceCgroupRules": ["a *:* rwm"]}, "") == [
        {"rule": "a *:* rwm", "at": "DeviceCgroupRules[0]"}
    ]


def test_the_alternatives_of_a_device_request_are_flattened() -> None:
    request: Any = {"Driver": "nvidia", "Count": -1, "DeviceIDs": ["0"], "Capabilities": [["gpu"], ["nvidia", "cuda"]]}

    assert devices.read_requests({"DeviceRequests": [request]}, "HostConfig.") == [
        {
            "driver": "nvidia",
            "ids": ["0"],
            "capabilities": ["gpu", "nvidia", "cuda"],
            "at": "HostConfig.DeviceRequests[0]",
        }
    ]
