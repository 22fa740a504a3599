"""Turns what `docker inspect` says of existing things into the requests that would make them.

In: the JSON of docker (container|service|volume|network) inspect. Out: operation, name and body of each. Nothing is
refused here; what is no such thing is None, and the body goes the way of every body afterwards.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from portero.facts.fields import as_object, child, flag, objects, text, texts
from portero.types import JSON

# Those that dockerd makes itself: nobody asked for them, and nobody can.
_PREDEFINED = ("bridge", "host", "none", "ingress", "docker_gwbridge")
_NETWORK = ("Name", "Driver", "IPAM", "Internal", "Attachable", "Ingress", "ConfigOnly", "Options", "Labels")
_ENDPOINT = ("IPAMConfig", "Links", "Aliases", "DriverOpts")


@dataclass(frozen=True, slots=True)
class Inspected:
    """One existing thing as the request that makes it. `network_id` is set for a network."""

    operation: str
    name: str
    body: dict[str, JSON]
    network_id: str = ""


def read(document: JSON) -> Inspected | None:
    """The request behind one object of docker inspect; None when it is no such object, or a network of dockerd's own.

    Raises Refused where a field has a type that Docker would not write.
    """
    if not is_inspected(document):
        return None
    thing = as_object(document, "")
    if "Config" in thing:
        return Inspected("ContainerCreate", text(thing, "Name").removeprefix("/"), _container(thing))
    if "Spec" in thing:
        spec = child(thing, "Spec")
        return Inspected("ServiceCreate", text(spec, "Name"), spec)
    if "Mountpoint" in thing:
        return Inspected("VolumeCreate", text(thing, "Name"), _volume(thing))
    if text(thing, "Name") in _PREDEFINED:
        return None
    network: dict[str, JSON] = {name: thing[name] for name in _NETWORK if name in thing}
    return Inspected("NetworkCreate", text(thing, "Name"), network, text(thing, "Id"))


def is_inspected(document: JSON) -> bool:
    """Whether this is one object of docker inspect about a container, a service, a volume or a network."""
    if not isinstance(document, dict):
        return False
    kinds = ({"Id", "Config", "HostConfig"}, {"ID", "Spec", "Endpoint"}, {"Name", "Driver", "Mountpoint"})
    return any(kind <= document.keys() for kind in (*kinds, {"Name", "Id", "Driver", "IPAM", "Scope"}))


def _container(thing: Mapping[str, JSON]) -> dict[str, JSON]:
    host_config = dict(child(thing, "HostConfig"))
    unsaid = list(_unsaid_binds(thing, host_config))
    if unsaid:
        host_config["Mounts"] = [*objects(host_config, "Mounts"), *unsaid]
    networks = child(child(thing, "NetworkSettings"), "Networks")
    endpoints: dict[str, JSON] = {name: _endpoint(as_object(said, name)) for name, said in networks.items()}
    config = child(thing, "Config")
    return {**config, "HostConfig": host_config, "NetworkingConfig": {"EndpointsConfig": endpoints}}


def _endpoint(said: Mapping[str, JSON]) -> JSON:
    return {name: said[name] for name in _ENDPOINT if said.get(name) is not None}


def _unsaid_binds(thing: Mapping[str, JSON], host_config: Mapping[str, JSON]) -> Iterator[JSON]:
    """Bind mounts that the container has and its HostConfig does not name: those taken over with --volumes-from."""
    said = {text(mount, "Target") for mount in objects(host_config, "Mounts")}
    said |= {part for bind in texts(host_config, "Binds") for part in bind.split(":")[1:2]}
    for mount in objects(thing, "Mounts"):
        if text(mount, "Type") == "bind" and text(mount, "Destination") not in said:
            yield {
                "Type": "bind",
                "Source": text(mount, "Source"),
                "Target": text(mount, "Destination"),
                "ReadOnly": not flag(mount, "RW"),
                "BindOptions": {"Propagation": text(mount, "Propagation")},
            }


def _volume(thing: Mapping[str, JSON]) -> dict[str, JSON]:
    return {
        "Name": thing.get("Name"),
        "Driver": thing.get("Driver"),
        "DriverOpts": thing.get("Options"),
        "Labels": thing.get("Labels"),
    }
