"""Devices of the host: Devices, DeviceCgroupRules and DeviceRequests, which create and update say alike."""

from collections.abc import Sequence

from portero.facts.fields import as_text, items, objects, text, texts
from portero.facts.paths import followed, host_path
from portero.host.view import HostMoment
from portero.types import JSON, Fact


def of(source: Fact, prefix: str, host: HostMoment) -> list[JSON]:
    """The devices; a link counts twice, as said and as dockerd follows it (moby oci/devices_linux.go)."""
    return [
        fact
        for index, device in enumerate(objects(source, "Devices"))
        for fact in _device(device, f"{prefix}Devices[{index}]", host)
    ]


def rules(source: Fact, prefix: str) -> list[JSON]:
    """The device cgroup's rules, as said."""
    return [
        {"rule": rule, "at": f"{prefix}DeviceCgroupRules[{index}]"}
        for index, rule in enumerate(texts(source, "DeviceCgroupRules"))
    ]


def requests(source: Fact, prefix: str) -> list[JSON]:
    """Devices asked of a driver (GPUs, CDI)."""
    return [
        {
            "driver": text(request, "Driver"),
            "ids": [*texts(request, "DeviceIDs")],
            "capabilities": [*_flat(items(request, "Capabilities"))],
            "at": f"{prefix}DeviceRequests[{index}]",
        }
        for index, request in enumerate(objects(source, "DeviceRequests"))
    ]


def _device(device: Fact, said: str, host: HostMoment) -> list[JSON]:
    places = node(text(device, "PathOnHost"), said, host)
    target = text(device, "PathInContainer")
    permissions = _permissions(text(device, "CgroupPermissions"))
    return [{"path": place, "target": target, "permissions": permissions, "at": said} for place in places]


def node(path: str, said: str, host: HostMoment) -> list[str]:
    """A device as said and as dockerd follows it, once where both are the same."""
    said_path = followed(path, said)
    resolved = host.look(said_path).resolved
    return list(dict.fromkeys([said_path, said_path if resolved is None else host_path(resolved, said)]))


def _permissions(said: str) -> str:
    # The command line writes rwm when nothing is said (cli opts.go, parseLinuxDevice); the API takes "" as it comes.
    asked = said or "rwm"
    return "".join(letter for letter in "rwm" if letter in asked)


def _flat(alternatives: Sequence[JSON]) -> list[str]:
    return [
        as_text(name, "Capabilities")
        for alternative in alternatives
        for name in items({"Capabilities": alternative}, "Capabilities")
    ]
