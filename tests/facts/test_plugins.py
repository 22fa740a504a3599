"""Every place where a request names a plugin."""

from typing import Any

import pytest

from portero.facts import plugins

MOUNTS = [{"Type": "bind"}, {"Type": "volume", "VolumeOptions": {"DriverConfig": {"Name": "v"}}}]


def test_a_container_names_volume_and_log_drivers() -> None:
    config = {"VolumeDriver": "a", "Mounts": MOUNTS, "LogConfig": {"Type": "l"}}

    assert plugins.read_create({"HostConfig": config}) == [
        {"kind": "volume", "name": "a", "at": "HostConfig.VolumeDriver"},
        {"kind": "volume", "name": "v", "at": "HostConfig.Mounts[1].VolumeOptions.DriverConfig.Name"},
        {"kind": "log", "name": "l", "at": "HostConfig.LogConfig.Type"},
    ]


def test_a_service_names_volume_and_log_drivers() -> None:
    task = {"ContainerSpec": {"Mounts": MOUNTS}, "LogDriver": {"Name": "l"}}

    assert plugins.read_service({"TaskTemplate": task}) == [
        {
            "kind": "volume",
            "name": "v",
            "at": "TaskTemplate.ContainerSpec.Mounts[1].VolumeOptions.DriverConfig.Name",
        },
        {"kind": "log", "name": "l", "at": "TaskTemplate.LogDriver.Name"},
    ]


def test_volumes_networks_secrets_and_the_swarm_name_drivers() -> None:
    driver: Any = {"LogDriver": {"Name": "l"}}

    assert plugins.read_volume({"Driver": "v"}) == [{"kind": "volume", "name": "v", "at": "Driver"}]
    assert plugins.read_network({"Driver": "n", "IPAM": {"Driver": "i"}}) == [
        {"kind": "network", "name": "n", "at": "Driver"},
        {"kind": "ipam", "name": "i", "at": "IPAM.Driver"},
    ]
    assert plugins.read_secret({"Driver": {"Name": "s"}, "Templating": {"Name": "golang"}}) == [
        {"kind": "secret", "name": "s", "at": "Driver.Name"},
        {"kind": "templating", "name": "golang", "at": "Templating.Name"},
    ]
    assert plugins.read_swarm({"TaskDefaults": driver}, "Spec.") == [
        {"kind": "log", "name": "l", "at": "Spec.TaskDefaults.LogDriver.Name"}
    ]


@pytest.mark.parametrize("read", [plugins.read_create, plugins.read_service, plugins.read_volume])
def test_no_name_no_entry(read: Any) -> None:
    assert read({}) == []


def test_the_log_driver_none_is_no_driver() -> None:
    assert plugins.read_create({"HostConfig": {"LogConfig": {"Type": "none"}, "VolumeDriver": "none"}}) == [
        {"kind": "volume", "name": "none", "at": "HostConfig.VolumeDriver"}
    ]
