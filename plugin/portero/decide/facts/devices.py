"""Devices of the host: Devices, DeviceCgroupRules, DeviceRequests and block IO, the same in create and update.

And whether dockerd itself may open device nodes, for what has it open files that others made. A build, an image and an
archive hold nodes. A container moves one in the way of a file between dockerd's look at the file and its open
(docker-facts 9.12). One that was only created can be started in between, so that none is safe. In its store containerd
does it for a commit, and so for the steps of a classic build.
"""

from collections.abc import Mapping

from portero.decide.facts.host_paths import clean_host_path, clean_without_climbing
from portero.decide.interfaces.host import DeviceAccess, HostMoment
from portero.decide.values.docker_names import is_id
from portero.decide.values.json_fields import JSON, Fact, as_text, integer, items, objects, text, texts
from portero.decide.values.path import is_within

# Docker's field, the limit that it sets, and the name of the number in it.
_BLOCK_IO: Mapping[str, tuple[str, str]] = {
    "BlkioWeightDevice": ("weight", "Weight"),
    "BlkioDeviceReadBps": ("readBps", "Rate"),
    "BlkioDeviceWriteBps": ("writeBps", "Rate"),
    "BlkioDeviceReadIOps": ("readIOps", "Rate"),
    "BlkioDeviceWriteIOps": ("writeIOps", "Rate"),
}

_CDI = "cdi"
# What the drivers of GPUs put before an ID without a kind (moby daemon/devices_nvidia_linux.go, devices_amd_linux.go).
_GPU_KINDS = ("nvidia.com/gpu=", "amd.com/gpu=")
_ELSEWHERE = "build on a separate machine, push, and docker pull here"
_COPIES: Mapping[str, str] = {
    "ContainerArchive": "`docker exec {} tar -cC FOLDER FILE | tar -x`",
    "PutContainerArchive": "`tar -c FILE | docker exec -i {} tar -xC FOLDER`",
    "ContainerExport": "`docker exec {} tar -cC / FOLDER > FILE`",
}


def read_devices(source: Fact, prefix: str, host: HostMoment) -> list[JSON]:
    """The devices; a link counts twice, as requested and as dockerd follows it (moby oci/devices_linux.go).

    What lies in the host's /dev is root's, also where this process does not see it.
    """
    return [
        fact
        for index, device in enumerate(objects(source, "Devices"))
        for fact in _read_device(device, f"{prefix}Devices[{index}]", host)
    ]


def read_rules(source: Fact, prefix: str) -> list[JSON]:
    """The rules of the device cgroup, as requested."""
    return [
        {"rule": rule, "at": f"{prefix}DeviceCgroupRules[{index}]"}
        for index, rule in enumerate(texts(source, "DeviceCgroupRules"))
    ]


def read_requests(source: Fact, prefix: str) -> list[JSON]:
    """Devices asked of a driver (GPUs, CDI).

    CDI devices that another driver is asked for count twice, as requested and as the driver cdi gets them
    (docker-facts 7.23). An empty list of capabilities, which every driver has, is one without a name.
    """
    return [
        fact
        for index, request in enumerate(objects(source, "DeviceRequests"))
        for fact in _read_request(request, f"{prefix}DeviceRequests[{index}]")
    ]


def _read_request(request: Fact, at: str) -> list[JSON]:
    driver, ids = text(request, "Driver"), [*texts(request, "DeviceIDs")]
    capabilities = [
        as_text(name, "Capabilities")
        for alternative in items(request, "Capabilities")
        for name in (items({"Capabilities": alternative}, "Capabilities") or [""])
    ]
    cdi = [id for id in ids if "=" in id and not id.startswith(_GPU_KINDS)] if driver != _CDI else []
    facts: list[JSON] = [{"driver": driver, "ids": [*ids], "capabilities": [*capabilities], "at": at}]
    return [*facts, {"driver": _CDI, "ids": [*cdi], "capabilities": [], "at": at}] if cdi else facts


def _read_device(device: Fact, at: str, host: HostMoment) -> list[JSON]:
    paths, resolution = follow_device(text(device, "PathOnHost"), at, host)
    target = text(device, "PathInContainer")
    # The command line writes rwm for none (cli opts.go, parseLinuxDevice); the API takes "" as it comes.
    requested = text(device, "CgroupPermissions") or "rwm"
    permissions = "".join(letter for letter in "rwm" if letter in requested)
    fact: Fact = {"target": target, "permissions": permissions, "resolution": resolution, "at": at}
    return [{"path": path, **fact} for path in paths]


def follow_device(path: str, at: str, host: HostMoment) -> tuple[list[str], str]:
    """The path of a device as requested and as dockerd follows it, one where both are the same; the `resolution`."""
    requested = clean_without_climbing(path, at)
    resolved = host.find_entry(requested).resolved
    if resolved is None:
        return [requested], "resolved" if is_within(requested, "/dev") else "unseen"
    return list(dict.fromkeys([requested, clean_host_path(resolved, at)])), "resolved"


def read_block_io(source: Fact, prefix: str, host: HostMoment) -> list[JSON]:
    """Rates and weights of block devices; the weight for every device has no path. A link counts twice, too."""
    weight = integer(source, "BlkioWeight")
    facts = [_make_limit("", "weight", weight, f"{prefix}BlkioWeight")] if weight else []
    for field, (limit, number) in _BLOCK_IO.items():
        for index, device in enumerate(objects(source, field) if field in source else ()):
            at, rate = f"{prefix}{field}[{index}]", integer(device, number) or 0
            paths, resolution = follow_device(text(device, "Path"), at, host)
            facts += [_make_limit(path, limit, rate, at, resolution) for path in paths]
    return [*facts]


def read_block_io_update(body: Fact, host: HostMoment) -> list[JSON]:
    """Of an update; a list replaces the one before (API 1.55), so that an empty one lifts the limits: rate 0."""
    lifted = [
        _make_limit("", limit, 0, field)
        for field, (limit, _) in _BLOCK_IO.items()
        if field in body and not objects(body, field)
    ]
    return [*read_block_io(body, "", host), *lifted]


def _make_limit(device: str, limit: str, rate: int, at: str, resolution: str = "none") -> Fact:
    return {"device": device, "limit": limit, "rate": rate, "resolution": resolution, "at": at}


def read_built(at: str, host: HostMoment, *, commits: bool = False) -> dict[str, JSON]:
    """The fact of what builds, loads, imports or commits."""
    return _make_fact(at, _ELSEWHERE, host.device_access(commits=commits))


def read_copied(operation_id: str, path: Mapping[str, str], host: HostMoment) -> dict[str, JSON]:
    """The fact of what copies files out of a container, or into it."""
    container = path.get("id", "").lstrip("/")
    # As command lines show it.
    return _make_fact(
        "path.id", _COPIES[operation_id].format(container[:12] if is_id(container) else container), host.device_access()
    )


def _make_fact(at: str, instead: str, access: DeviceAccess) -> dict[str, JSON]:
    return {"deviceAccess": {"value": access, "instead": instead, "at": at}}
