"""Devices of the host and limits of block IO are found by their cleaned paths, and by what links make of them."""

from typing import Any

import pytest

from portero.decide.facts import devices
from portero.decide.facts.collect import collect_facts
from portero.observe.host.fixed_host import FixedHost
from tests.refusing import find_refusal

HOST = FixedHost({"links": {"/srv/disk": "/dev/sda", "/dev/disk/by-id/x": "../../sda"}})
ID = "0123456789ab" * 5 + "cdef"


def of_device(**device: str) -> Any:
    return devices.read_devices({"Devices": [{**device}]}, "HostConfig.", HOST)


def test_a_device_is_reported_with_its_permissions() -> None:
    found = of_device(PathOnHost="//dev/./sda", PathInContainer="/dev/xvda", CgroupPermissions="mr")

    assert found == [
        {
            "path": "/dev/sda",
            "target": "/dev/xvda",
            "permissions": "rm",
            "resolution": "resolved",
            "at": "HostConfig.Devices[0]",
        },
    ]


@pytest.mark.parametrize(("at", "permissions"), [("", "rwm"), ("wr", "rw"), ("r", "r"), ("x", "")])
def test_permissions_are_in_order_and_all_when_not_set(at: str, permissions: str) -> None:
    assert of_device(PathOnHost="/dev/fuse", CgroupPermissions=at)[0]["permissions"] == permissions


@pytest.mark.parametrize(
    ("path", "host", "found"),
    [
        pytest.param(
            "/srv/disk", HOST, [("/srv/disk", "resolved"), ("/dev/sda", "resolved")], id="a link counts twice"
        ),
        pytest.param("dev/sda", HOST, [("/dev/sda", "resolved")], id="from the root"),
        pytest.param("/srv/disk", FixedHost({"visible": False}), [("/srv/disk", "unseen")], id="unseen link"),
    ],
)
def test_links_of_a_device_are_followed_where_they_can_be(path: str, host: FixedHost, found: Any) -> None:
    facts: Any = devices.read_devices({"Devices": [{"PathOnHost": path}]}, "", host)

    assert [(fact["path"], fact["resolution"]) for fact in facts] == found


@pytest.mark.parametrize(
    ("path", "code"),
    [("/srv/disk/../../dev/null", "path-climbs"), ("/dev/sda\n", "path-control-character")],
    ids=["goes up, and the kernel follows it unchanged", "control character"],
)
def test_a_path_is_refused_where_it_stands(path: str, code: str) -> None:
    assert find_refusal(of_device, PathOnHost=path) == (code, "HostConfig.Devices[0]")


@pytest.mark.parametrize(("host", "resolution"), [({"visible": False}, "resolved"), ({}, "unseen")])
def test_what_lies_in_dev_is_roots_and_a_link_of_procfs_is_not_followed(host: Any, resolution: str) -> None:
    path = "/dev/sda" if host else "/srv/x"
    found: Any = devices.read_block_io(
        {"BlkioDeviceReadBps": [{"Path": path}]}, "", FixedHost({"links": {"/srv/x": "/proc/7/root/dev/sda"}, **host})
    )

    assert [(fact["device"], fact["resolution"]) for fact in found] == [(path, resolution)]


def test_cgroup_rules_are_reported_as_requested() -> None:
    assert devices.read_rules({"DeviceCgroupRules": ["a *:* rwm"]}, "") == [
        {"rule": "a *:* rwm", "at": "DeviceCgroupRules[0]"}
    ]


@pytest.mark.parametrize(
    ("driver", "ids", "cdi"),
    [
        ("nvidia", ["0", "example.com/disk=one"], ["example.com/disk=one"]),
        ("", ["nvidia.com/gpus=0"], ["nvidia.com/gpus=0"]),
        ("nvidia", ["0", "nvidia.com/gpu=1", "amd.com/gpu=all"], []),
        ("cdi", ["example.com/disk=one"], []),
    ],
    ids=["of another vendor", "of another class", "GPUs by their whole names", "of the driver cdi already"],
)
def test_cdi_devices_asked_of_another_driver_count_as_those_of_cdi_too(
    driver: str, ids: list[str], cdi: list[str]
) -> None:
    request: Any = {"Driver": driver, "DeviceIDs": ids}

    requested, *forwarded = devices.read_requests({"DeviceRequests": [request]}, "")

    assert requested == {"driver": driver, "ids": ids, "capabilities": [], "at": "DeviceRequests[0]"}
    assert forwarded == ([{"driver": "cdi", "ids": cdi, "capabilities": [], "at": "DeviceRequests[0]"}] if cdi else [])


def test_an_empty_list_of_capabilities_which_every_driver_has_is_one_without_a_name() -> None:
    request: Any = {"Capabilities": [[], ["listed"]]}

    (found,) = devices.read_requests({"DeviceRequests": [request]}, "")

    assert isinstance(found, dict)
    assert found["capabilities"] == ["", "listed"]


def test_every_kind_of_limit_is_reported() -> None:
    found = devices.read_block_io(
        {
            "BlkioWeight": 300,
            "BlkioWeightDevice": [{"Path": "/dev/sda", "Weight": 400}],
            "BlkioDeviceReadBps": [{"Path": "/dev/sda", "Rate": 1}],
            "BlkioDeviceWriteBps": [{"Path": "/dev/sdb", "Rate": 2}, {"Path": "/dev/sdc", "Rate": 3}],
            "BlkioDeviceReadIOps": [{"Path": "/dev/sda", "Rate": 4}],
            "BlkioDeviceWriteIOps": [{"Path": "/dev/sda"}],
        },
        "HostConfig.",
        HOST,
    )

    assert [tuple(fact.values()) for fact in found if isinstance(fact, dict)] == [
        ("", "weight", 300, "none", "HostConfig.BlkioWeight"),
        ("/dev/sda", "weight", 400, "resolved", "HostConfig.BlkioWeightDevice[0]"),
        ("/dev/sda", "readBps", 1, "resolved", "HostConfig.BlkioDeviceReadBps[0]"),
        ("/dev/sdb", "writeBps", 2, "resolved", "HostConfig.BlkioDeviceWriteBps[0]"),
        ("/dev/sdc", "writeBps", 3, "resolved", "HostConfig.BlkioDeviceWriteBps[1]"),
        ("/dev/sda", "readIOps", 4, "resolved", "HostConfig.BlkioDeviceReadIOps[0]"),
        ("/dev/sda", "writeIOps", 0, "resolved", "HostConfig.BlkioDeviceWriteIOps[0]"),
    ]


def test_nothing_set_is_no_limit() -> None:
    assert devices.read_block_io({"BlkioWeight": 0}, "", HOST) == []


def test_another_spelling_of_a_device_and_a_link_to_it_are_that_device() -> None:
    limits = [{"Path": "/dev//sda", "Rate": 1}, {"Path": "/dev/disk/by-id/x", "Rate": 2}]
    found = devices.read_block_io({"BlkioDeviceWriteBps": limits}, "", HOST)

    assert [(fact["device"], fact["rate"]) for fact in found if isinstance(fact, dict)] == [
        ("/dev/sda", 1),
        ("/dev/disk/by-id/x", 2),
        ("/dev/sda", 2),
    ]


def test_an_empty_list_in_an_update_lifts_the_limit() -> None:
    found = devices.read_block_io_update({"BlkioDeviceReadBps": [], "BlkioWeight": 300}, HOST)

    assert found == [
        {"device": "", "limit": "weight", "rate": 300, "resolution": "none", "at": "BlkioWeight"},
        {"device": "", "limit": "readBps", "rate": 0, "resolution": "none", "at": "BlkioDeviceReadBps"},
    ]


def test_an_update_without_a_list_leaves_the_limits_alone() -> None:
    assert devices.read_block_io_update({}, HOST) == []


@pytest.mark.parametrize(
    ("operation", "container", "instead"),
    [
        ("ContainerArchive", "web", "`docker exec web tar -cC FOLDER FILE | tar -x`"),
        ("ContainerArchive", "/web", "`docker exec web tar -cC FOLDER FILE | tar -x`"),
        ("PutContainerArchive", "web", "`tar -c FILE | docker exec -i web tar -xC FOLDER`"),
        ("PutContainerArchive", ID, "`tar -c FILE | docker exec -i 0123456789ab tar -xC FOLDER`"),
        ("ContainerExport", "web", "`docker exec web tar -cC / FOLDER > FILE`"),
    ],
)
def test_a_copy_can_be_made_by_the_tar_of_the_container(operation: str, container: str, instead: str) -> None:
    found = collect_facts(operation, None, {}, {"id": container}, FixedHost({"devices": "open"}))

    assert found == {"deviceAccess": {"value": "open", "instead": instead, "at": "path.id"}}


def test_a_commit_is_read_as_builds_are() -> None:
    fact = collect_facts("ImageCommit", None, {}, {}, FixedHost({}))["deviceAccess"]

    assert fact == {
        "value": "unknown",
        "instead": "build on a separate machine, push, and docker pull here",
        "at": "?container",
    }


@pytest.mark.parametrize(
    ("operation", "value"),
    [("ImageCommit", "open"), ("ImageBuild", "open"), ("ImageLoad", "closed"), ("ContainerExport", "closed")],
)
def test_what_commits_counts_containerd_too(operation: str, value: str) -> None:
    host = FixedHost({"devices": "closed", "containerdDevices": "open"})

    fact = collect_facts(operation, None, {}, {"id": "web"}, host)["deviceAccess"]

    assert isinstance(fact, dict)
    assert fact["value"] == value
