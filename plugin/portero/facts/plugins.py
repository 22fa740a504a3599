"""The plugin names in a request: dockerd joins each onto its plugin folders unchecked.

moby pkg/plugins/discovery.go, Plugin: `../../../path/x` loads the socket `/path/x.sock` (measured on 26.1 for volume,
log, network, IPAM and secret drivers). A name in a request can therefore load what a container has made.
"""

from collections.abc import Iterator

from portero.values.json_fields import child, objects, text
from portero.values.json_types import JSON, Fact

_SPEC = "TaskTemplate.ContainerSpec"


def read_create(body: Fact) -> list[JSON]:
    """Of ContainerCreate. VolumeDriver counts without a mount: the image may declare a VOLUME, which no body shows."""
    config = child(body, "HostConfig")
    return [
        *_name("volume", config, "VolumeDriver", "HostConfig.VolumeDriver"),
        *_read_mounts(config, "HostConfig.Mounts"),
        *_name("log", child(config, "LogConfig"), "Type", "HostConfig.LogConfig.Type"),
    ]


def read_service(body: Fact) -> list[JSON]:
    """Of ServiceCreate and ServiceUpdate."""
    task = child(body, "TaskTemplate")
    return [
        *_read_mounts(child(task, "ContainerSpec"), f"{_SPEC}.Mounts"),
        *_name("log", child(task, "LogDriver"), "Name", "TaskTemplate.LogDriver.Name"),
    ]


def read_volume(body: Fact) -> list[JSON]:
    """Of VolumeCreate; the driver of a cluster volume is looked up too, by swarm."""
    return [*_name("volume", body, "Driver", "Driver")]


def read_network(body: Fact) -> list[JSON]:
    """Of NetworkCreate."""
    return [*_name("network", body, "Driver", "Driver"), *_name("ipam", child(body, "IPAM"), "Driver", "IPAM.Driver")]


def read_secret(body: Fact) -> list[JSON]:
    """Of secrets and configs, created or updated."""
    return [
        *_name("secret", child(body, "Driver"), "Name", "Driver.Name"),
        *_name("templating", child(body, "Templating"), "Name", "Templating.Name"),
    ]


def read_swarm(spec: Fact, prefix: str) -> list[JSON]:
    """Of SwarmInit (prefix `Spec.`) and SwarmUpdate: the log driver of every service that names none."""
    driver = child(child(spec, "TaskDefaults"), "LogDriver")
    return [*_name("log", driver, "Name", f"{prefix}TaskDefaults.LogDriver.Name")]


def _read_mounts(source: Fact, at: str) -> Iterator[Fact]:
    for index, mount in enumerate(objects(source, "Mounts")):
        config = child(child(mount, "VolumeOptions"), "DriverConfig")
        yield from _name("volume", config, "Name", f"{at}[{index}].VolumeOptions.DriverConfig.Name")


def _name(kind: str, source: Fact, field: str, at: str) -> Iterator[Fact]:
    name = text(source, field)
    # The log driver none is no driver, and not looked up (moby daemon/logs.go).
    if name and (kind, name) != ("log", "none"):
        yield {"kind": kind, "name": name, "at": at}
