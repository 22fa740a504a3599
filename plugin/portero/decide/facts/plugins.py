"""The plugin names in a request: dockerd joins each onto its plugin folders unchecked.

moby pkg/plugins/discovery.go, Plugin: `../../../path/x` loads the socket `/path/x.sock` (measured on 26.1 for volume,
log, network, IPAM and secret drivers). A name in a request can therefore load what a container has made.
"""

from collections.abc import Iterator
from functools import reduce

from portero.decide.values.json_fields import JSON, Fact, child, objects, text


def read_create(body: Fact) -> list[JSON]:
    """Of ContainerCreate. VolumeDriver counts without a mount: the image may declare a VOLUME, which no body shows."""
    return [
        *list_named(body, volume="HostConfig.VolumeDriver"),
        *_read_mounts(child(body, "HostConfig"), "HostConfig.Mounts"),
        *list_named(body, log="HostConfig.LogConfig.Type"),
    ]


def read_service(body: Fact) -> list[JSON]:
    """Of ServiceCreate and ServiceUpdate."""
    spec = child(child(body, "TaskTemplate"), "ContainerSpec")
    return [
        *_read_mounts(spec, "TaskTemplate.ContainerSpec.Mounts"),
        *list_named(body, log="TaskTemplate.LogDriver.Name"),
    ]


def _read_mounts(source: Fact, at: str) -> Iterator[Fact]:
    for index, mount in enumerate(objects(source, "Mounts")):
        yield from list_named(mount, f"{at}[{index}].", volume="VolumeOptions.DriverConfig.Name")


def list_named(source: Fact, prefix: str = "", **fields: str) -> Iterator[Fact]:
    """The plugins that these fields of the source name, by the kind of each."""
    for kind, path in fields.items():
        *above, field = path.split(".")
        name = text(reduce(child, above, source), field)
        # The log driver none is no driver, and not looked up (moby daemon/logs.go).
        if name and (kind, name) != ("log", "none"):
            yield {"kind": kind, "name": name, "at": prefix + path}
