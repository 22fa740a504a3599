"""What is kept of an object: the part of docker inspect that is judged, and what dockerd's list would show of it."""

import zlib
from collections.abc import Mapping
from typing import cast

import orjson

from portero.decide.interfaces.daemon import ObjectKind
from portero.decide.interfaces.existing import NAMESPACES
from portero.decide.values.docker_names import JOINING, WITHOUT_HOST_PATH
from portero.decide.values.json_fields import JSON, child, objects, text, texts, to_object

_ENDPOINT = ("IPAMConfig", "Links", "Aliases", "DriverOpts", "NetworkID")
# What changes by itself, or with a start.
_LEFT_OUT: Mapping[str, tuple[str, ...]] = {
    "container": (
        *("State", "ExecIDs", "RestartCount", "SizeRw", "SizeRootFs", "GraphDriver", "LogPath", "Path", "Args"),
        *("ResolvConfPath", "HostnamePath", "HostsPath", "AppArmorProfile", "MountLabel", "ProcessLabel"),
    ),
    "exec": ("Running", "ExitCode", "Pid", "CanRemove", "OpenStdin", "OpenStderr", "OpenStdout", "DetachKeys"),
    "volume": ("Status", "UsageData", "CreatedAt"),
    "network": ("Containers", "Peers", "Services", "Status"),
}
MOUNT_FIELDS = ("Type", "Name", "Source", "RW")
# Nothing of the host is below these, and there can be many.
_PROCESS = ("privileged", "user")
# Of a container in a list: 16 KiB at most, while nearly all take one.
_MAX_MOUNTS, _MAX_LISTED = 32, 8 << 10


# Labels and variables can be long: of such an object nothing is kept.
MAX_BYTES, _MAX_PLAIN = 64 << 10, 1 << 20
# So much of a dictionary counts (zlib.h).
_WINDOW = 32 << 10
# StartedAt of what never ran.
_NEVER = "0001-01-01"


def choose_facts(kind: str, shown: Mapping[str, JSON]) -> dict[str, JSON]:
    """Without what changes while a container runs, but for its state, which is kept apart."""
    chosen = {name: value for name, value in shown.items() if name not in _LEFT_OUT.get(kind, ())}
    if kind == "container":
        networks: dict[str, JSON] = {
            name: {field: value for field, value in to_object(endpoint).items() if field in _ENDPOINT}
            for name, endpoint in child(child(shown, "NetworkSettings"), "Networks").items()
        }
        chosen["NetworkSettings"] = {"Networks": networks}
        # A start sets it where the daemon has no bridge.
        chosen["Config"] = {name: value for name, value in child(shown, "Config").items() if name != "NetworkDisabled"}
    if kind == "exec":
        process = child(shown, "ProcessConfig")
        chosen["ProcessConfig"] = {name: process[name] for name in _PROCESS if name in process}
    return chosen


def shorten_listed(listed: Mapping[str, JSON]) -> Mapping[str, JSON] | None:
    """A container in dockerd's list with what is read of it, its names of fields shared with all others.

    None: that is too much to be kept.
    """
    mounts: list[JSON] = [
        {field: mount[field] for field in MOUNT_FIELDS if field in mount}
        for mount in objects(listed, "Mounts")
        if mount.get("Type") not in WITHOUT_HOST_PATH
    ]
    short = {field: listed[field] for field in ("Id", "Names", "Created", "State") if field in listed}
    modes = _choose_modes(child(listed, "HostConfig"))
    values = (*modes.values(), *(value for mount in mounts for value in to_object(mount).values()))
    size = sum(map(len, (*texts(listed, "Names"), *(value for value in values if isinstance(value, str)))))
    if len(mounts) > _MAX_MOUNTS or size > _MAX_LISTED:
        return None
    short |= {"Mounts": mounts, "HostConfig": modes}
    # Of many in a list, copies would leave as many holes in memory.
    return listed if short == listed else short


def _choose_modes(config: Mapping[str, JSON]) -> dict[str, JSON]:
    """dockerd's list shows that of the network alone."""
    return {"NetworkMode": "", **{name: text(config, name) for name in NAMESPACES if name in config}}


def list_fields(shown: Mapping[str, JSON]) -> dict[str, JSON]:
    """A container as in dockerd's list, from what docker inspect shows."""
    return {
        "Id": text(shown, "Id"),
        "Names": [text(shown, "Name")],
        "Created": text(shown, "Created"),
        "State": text(child(shown, "State"), "Status"),
        "Mounts": shown.get("Mounts") or [],
        "HostConfig": {**dict.fromkeys(NAMESPACES, ""), **_choose_modes(child(shown, "HostConfig"))},
    }


def is_settled(shown: Mapping[str, JSON]) -> bool:
    """Whether each later start leaves all facts as they are: not of who has another one's host name."""
    started, network = text(child(shown, "State"), "StartedAt"), text(child(shown, "HostConfig"), "NetworkMode")
    return started != "" and not started.startswith(_NEVER) and not network.startswith(JOINING)


class FactsCode:
    """Facts of one daemon in few bytes: containers are similar, and the first one is the dictionary of all others.

    For several threads at once.
    """

    def __init__(self) -> None:
        self._first = dict[str, bytes]()

    def encode(self, kind: ObjectKind, shown: Mapping[str, JSON]) -> bytes | None:
        """What is kept of what docker inspect shows; None: that is too much, or would take long."""
        try:
            plain = orjson.dumps(choose_facts(kind, shown))
        except TypeError:  # a number beyond 64 bits, or half a surrogate pair: dockerd writes neither
            return None
        if len(plain) > _MAX_PLAIN:
            return None
        is_container = kind == "container"
        first = self._first.setdefault(kind, plain[-_WINDOW:]) if is_container else b""
        packer = zlib.compressobj(1, zdict=first)
        encoded = packer.compress(plain) + packer.flush()
        return encoded if len(encoded) <= (MAX_BYTES if is_container else MAX_BYTES // 8) else None

    def decode(self, facts: bytes) -> Mapping[str, JSON]:
        plain = zlib.decompressobj(zdict=self._first.get("container", b"")).decompress(facts)
        return cast(dict[str, JSON], orjson.loads(plain))
