"""The mounts and devices of an OCI spec beside the facts of the request that led to it."""

from collections.abc import Iterator, Mapping, Sequence
from posixpath import normpath
from typing import Any

from portero.decide.facts.tmpfs import parse_size

from .difference import Difference

_VOLUMES = "/var/lib/docker/volumes/"
_CONTAINERS = "/var/lib/docker/containers/"
# What every container has (moby oci/defaults.go, daemon/oci_linux.go).
_OWN = frozenset(
    {
        *("/proc", "/dev", "/dev/pts", "/sys", "/sys/fs/cgroup", "/dev/mqueue", "/dev/shm", "/etc/resolv.conf"),
        *("/etc/hostname", "/etc/hosts", "/sbin/docker-init", "/dev/console"),
    }
)
_PROPAGATION = frozenset({"private", "rprivate", "shared", "rshared", "slave", "rslave"})
_READ_ONLY = frozenset({"ro", "rro"})
_USUAL_DEVICES = 8  # rules of the device cgroup that dockerd gives every container, twice


Mounted = Mapping[str, tuple[str, str]]


def compare_mounts(facts: Mapping[str, Any], spec: Mapping[str, Any], mounted: Mounted) -> Iterator[Difference]:
    """Each mount that no fact tells of, or tells of otherwise. `mounted`: what lies at the volumes (play.py)."""
    told: list[Mapping[str, Any]] = [fact for fact in facts["mounts"] if fact["via"] != "host-mount"]
    for mount in spec["mounts"]:
        if mount["destination"] in _OWN and _is_own(mount):
            continue
        matching = [fact for fact in told if fact["target"] == normpath(mount["destination"])]
        at = "facts.mounts"
        if not matching:
            if not facts.get("volumesFrom"):
                yield Difference(at, None, mount)
            continue
        # Of several at one target dockerd takes one; each of them is a fact.
        faults = [[*_differences(fact, mount, mounted)] for fact in matching]
        if all(faults) and not facts.get("volumesFrom"):
            yield from faults[0]


def _is_own(mount: Mapping[str, Any]) -> bool:
    source = mount.get("source", "")
    # /dev/shm of the host, or of another container: decide/facts/process.py has it.
    return mount["type"] != "bind" or source.startswith(_CONTAINERS) or source.endswith(("docker-init", "/shm"))


def _differences(fact: Mapping[str, Any], mount: Mapping[str, Any], mounted: Mounted) -> Iterator[Difference]:
    options: Sequence[str] = mount.get("options", [])
    at = f"facts.mounts[{fact['at']}]"
    if mount["type"] == "tmpfs":
        yield from _tmpfs_differences(fact, options, at)
        return
    source: str = mount["source"]
    if source.startswith(_VOLUMES):
        if not _is_volume(fact, source, mounted):
            yield Difference(f"{at}.source", fact["source"], [source, *mounted.get(source, ())])
    elif fact["type"] == "image":
        pass  # dockerd mounts the image's own layers
    elif normpath(source) not in fact["paths"]:
        yield Difference(f"{at}.paths", fact["paths"], source)
    writable = not _READ_ONLY.intersection(options)
    if writable and not fact["writable"]:
        yield Difference(f"{at}.writable", fact["writable"], options)
    if not writable and fact["writable"] and fact["via"] != "driver-options":
        yield Difference(f"{at}.writable", fact["writable"], options)
    if fact["type"] == "bind" and fact["via"] in ("bind", "mount"):
        made = next((option for option in options if option in _PROPAGATION), "")
        if (fact["propagation"] or "rprivate") != made:
            yield Difference(f"{at}.propagation", fact["propagation"], options)


def _is_volume(fact: Mapping[str, Any], source: str, mounted: Mounted) -> bool:
    """Whether the fact is this volume, and knows what the driver's options mounted there."""
    if source in mounted:
        root, kind = mounted[source]
        if kind == "tmpfs" and root == "/":
            return bool(fact["type"] == "tmpfs")
        # The file system may itself be mounted somewhere: its folder is the end of the path.
        fresh = kind == "overlay" and root == "/" and fact["paths"]
        return fresh or any(path.endswith(root) for path in fact["paths"])
    name = source.removeprefix(_VOLUMES).partition("/")[0]
    return fact["type"] == "volume" and fact["source"] in (name, None)


def _tmpfs_differences(fact: Mapping[str, Any], options: Sequence[str], at: str) -> Iterator[Difference]:
    if fact["type"] != "tmpfs":
        yield Difference(f"{at}.type", fact["type"], "tmpfs")
        return
    sizes = [option for option in options if option.startswith("size=")]
    made = parse_size(sizes[-1].removeprefix("size=")) if sizes else None
    if fact["sizeBytes"] != made:
        yield Difference(f"{at}.sizeBytes", fact["sizeBytes"], made)
    last = [option for option in options if option in ("ro", "rw")]
    if fact["writable"] is not (last[-1:] != ["ro"]):
        yield Difference(f"{at}.writable", fact["writable"], options)


def compare_devices(facts: Mapping[str, Any], spec: Mapping[str, Any]) -> Iterator[Difference]:
    """Each device and rule of the device cgroup that no fact tells of."""
    linux = spec["linux"]
    if facts["privileged"]["value"]:
        return
    targets = {fact["target"] for fact in facts["devices"]}
    for device in linux.get("devices") or []:
        if not any(device["path"] == target or device["path"].startswith(f"{target}/") for target in targets):
            yield Difference("facts.devices", sorted(targets), device["path"])
    rules = (linux.get("resources", {}).get("devices") or [])[2 * _USUAL_DEVICES :]
    most = len(facts["deviceCgroupRules"]) + len(linux.get("devices") or [])
    if len(rules) > most:
        yield Difference("facts.deviceCgroupRules", most, rules)
    block = linux.get("resources", {}).get("blockIO") or {}
    made = sorted([limit, rate["rate"]] for limit, name in _THROTTLES.items() for rate in block.get(name) or [])
    read = sorted({(fact["limit"], fact["rate"], fact["at"]) for fact in facts["blockIO"] if fact["limit"] != "weight"})
    if [[limit, rate] for limit, rate, _ in read] != made:
        yield Difference("facts.blockIO", [[limit, rate] for limit, rate, _ in read], made)


_THROTTLES = {
    "readBps": "throttleReadBpsDevice",
    "writeBps": "throttleWriteBpsDevice",
    "readIOps": "throttleReadIOPSDevice",
    "writeIOps": "throttleWriteIOPSDevice",
}
