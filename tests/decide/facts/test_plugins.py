"""Every place where a request names a plugin."""

from typing import Any

import pytest

from portero.decide.facts import plugins

MOUNTS = [{"Type": "bind"}, {"Type": "volume", "VolumeOptions": {"DriverConfig": {"Name": "v"}}}]


def read_swarm(spec: Any) -> Any:
    return plugins.read_swarm(spec, "Spec.")


@pytest.mark.parametrize(
    ("read", "body", "named"),
    [
        (
            plugins.read_create,
            {"HostConfig": {"VolumeDriver": "a", "Mounts": MOUNTS, "LogConfig": {"Type": "l"}}},
            {
                "HostConfig.VolumeDriver": ("volume", "a"),
                "HostConfig.Mounts[1].VolumeOptions.DriverConfig.Name": ("volume", "v"),
                "HostConfig.LogConfig.Type": ("log", "l"),
            },
        ),
        (
            plugins.read_service,
            {"TaskTemplate": {"ContainerSpec": {"Mounts": MOUNTS}, "LogDriver": {"Name": "l"}}},
            {
                "TaskTemplate.ContainerSpec.Mounts[1].VolumeOptions.DriverConfig.Name": ("volume", "v"),
                "TaskTemplate.LogDriver.Name": ("log", "l"),
            },
        ),
        (plugins.read_volume, {"Driver": "v"}, {"Driver": ("volume", "v")}),
        (
            plugins.read_network,
            {"Driver": "n", "IPAM": {"Driver": "i"}},
            {"Driver": ("network", "n"), "IPAM.Driver": ("ipam", "i")},
        ),
        (
            plugins.read_secret,
            {"Driver": {"Name": "s"}, "Templating": {"Name": "golang"}},
            {"Driver.Name": ("secret", "s"), "Templating.Name": ("templating", "golang")},
        ),
        (
            read_swarm,
            {"TaskDefaults": {"LogDriver": {"Name": "l"}}},
            {"Spec.TaskDefaults.LogDriver.Name": ("log", "l")},
        ),
        # The log driver none is no driver.
        (
            plugins.read_create,
            {"HostConfig": {"LogConfig": {"Type": "none"}, "VolumeDriver": "none"}},
            {"HostConfig.VolumeDriver": ("volume", "none")},
        ),
        *((read, {}, {}) for read in (plugins.read_create, plugins.read_service, plugins.read_volume)),
    ],
    ids=[*("container", "service", "volume", "network", "secret", "swarm", "none"), *["nothing named"] * 3],
)
def test_each_plugin_is_named_with_its_place(read: Any, body: Any, named: dict[str, tuple[str, str]]) -> None:
    assert read(body) == [{"kind": kind, "name": name, "at": at} for at, (kind, name) in named.items()]
