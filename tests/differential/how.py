"""The tests that the column `how` of adaptations.tsv names: is this difference what dockerd makes of the request?"""

import re
from collections.abc import Callable, Mapping
from posixpath import normpath
from typing import Any

from portero.decide.facts.security import MASKED, READONLY

from .seen import Seen

_DATA_ROOT = "/var/lib/docker"
_BEGINNING_OF_ID = re.compile("[0-9a-f]{1,64}")
# Masked by 28.5 and newer only.
_NEWER_MASKED = re.compile(r"/proc/interrupts|/sys/devices/system/cpu/cpu\d+/thermal_throttle")


def _is_hostname(seen: Seen) -> bool:
    network, uts = str(seen.settings.get("NetworkMode", "")), seen.settings.get("UTSMode")
    if seen.read is not None:
        return seen.made is None and network.startswith("container:")
    return str(seen.stored.get("ID", "")).startswith(str(seen.made)) or "host" in (network, uts)


def _is_masked(seen: Seen) -> bool:
    if seen.settings.get("Privileged"):
        return seen.made is None
    usual = MASKED if "Masked" in seen.difference.at else READONLY
    made = seen.made if isinstance(seen.made, list) else []
    return seen.read is None and {path for path in made if not _NEWER_MASKED.fullmatch(str(path))} == {*usual}


def _is_labels(seen: Seen) -> bool:
    read, made = seen.read or [], seen.made or []
    if not isinstance(read, list) or not isinstance(made, list) or made[: len(read)] != read:
        return False
    return all(str(option).startswith("label") for option in made[len(read) :])


def _is_as_before(seen: Seen) -> bool:
    before = (seen.before or {}).get("HostConfig", {})
    return seen.read is None and seen.made is not None and seen.made == before.get(seen.difference.at)


def _is_service_mount(seen: Seen) -> bool:
    usual = "bind" if seen.difference.at.endswith("Type") else "rprivate"
    return seen.made == str(seen.read or usual).lower()


def _is_unshown(seen: Seen) -> bool:
    of_nodes = seen.stored.get("Scope") == "swarm" and seen.stored.get("Driver") in ("macvlan", "ipvlan")
    return seen.made is None and of_nodes


def _is_own_network(seen: Seen) -> bool:
    read, made = seen.read, seen.made
    if not (isinstance(read, dict) and isinstance(made, dict)):
        return False
    is_none = bool(seen.body.get("NetworkDisabled")) or str(seen.settings.get("NetworkMode")).startswith("ns:")
    return is_none and {**read, "network": "own"} == made


def _is_swap_in_fact(seen: Seen) -> bool:
    limits = seen.document["facts"]["limits"]
    memory, swap = limits["memory"]["value"], limits["swap"]["value"]
    return seen.read is None and None not in (memory, swap) and seen.made == memory + swap


def _is_beginning_of_id(seen: Seen) -> bool:
    read, made = seen.read, seen.made
    if not isinstance(read, list) or not isinstance(made, list):
        return False
    beginnings = tuple(name for name in map(str, read) if _BEGINNING_OF_ID.fullmatch(name))
    joined = seen.stored["NetworkSettings"]["Networks"]
    # A container that was not started has no ID there yet.
    ids = [joined[name]["NetworkID"] for name in made if name not in read]
    return bool(beginnings) and all(not id or id.startswith(beginnings) for id in ids)


def _is_no_own_swap(seen: Seen) -> bool:
    memory = seen.document["facts"]["limits"]["memory"]["value"]
    return seen.made is None or (memory is not None and seen.made == 2 * memory)


def _is_fewer(seen: Seen) -> bool:
    read, made = seen.read, seen.made
    return isinstance(read, list) and isinstance(made, list) and all(one in read for one in made)


def _mounts(seen: Seen) -> list[Mapping[str, Any]]:
    """The facts of the mount that differs."""
    mounts = seen.document["facts"]["mounts"]
    return [fact for fact in mounts if seen.difference.at.startswith(f"facts.mounts[{fact['at']}].")]


def _is_read_only_image(seen: Seen) -> bool:
    of_image = any(fact["type"] == "image" for fact in _mounts(seen))
    return seen.read is True and isinstance(seen.made, list) and "rro" in seen.made and of_image


def _spell_port(port: str) -> str:
    number, _, protocol = port.partition("/")
    return f"{int(number)}/{protocol.lower() or 'tcp'}" if number.isdecimal() else port


def _is_port(seen: Seen) -> bool:
    port = seen.difference.at.partition("PortBindings.")[2]
    if seen.made is None:
        return _spell_port(port) != port and _spell_port(port) in seen.stored["HostConfig"]["PortBindings"]
    asked = {_spell_port(name) for name in seen.settings["PortBindings"]}
    return port in asked and (seen.read is None or (seen.read == [] and seen.made == [None]))


def _list_pools(seen: Seen) -> list[Mapping[str, Any]]:
    return [pool for pool in (seen.body.get("IPAM") or {}).get("Config") or [] if pool]


def _is_ipv6(pool: Mapping[str, Any]) -> bool:
    return ":" in (pool.get("Subnet") or "")


def _is_added_subnet(seen: Seen) -> bool:
    read, made = seen.read, seen.made
    if not (isinstance(read, list) and isinstance(made, list)):
        return False
    return all(any(isinstance(one, dict) and {**one, **(pool or {})} == one for one in made) for pool in read)


def _is_root_slave(seen: Seen) -> bool:
    paths = [path for fact in _mounts(seen) for path in fact["paths"]]
    beside_root = any(path.startswith(_DATA_ROOT) or _DATA_ROOT.startswith(path) for path in paths)
    return not seen.read and isinstance(seen.made, list) and "rslave" in seen.made and beside_root


TESTS: Mapping[str, Callable[[Seen], bool]] = {
    "always": lambda seen: True,
    "dropped": lambda seen: seen.made is None,
    "absent": lambda seen: seen.read is None,
    "takes-away": lambda seen: seen.read == [None] and seen.made is None,
    "hostname": _is_hostname,
    "cleaned": lambda seen: isinstance(seen.read, str) and seen.made == normpath(seen.read).replace("//", "/", 1),
    "container-id": lambda seen: str(seen.read).startswith("container:") and str(seen.made).startswith("container:"),
    "masked": _is_masked,
    "twice-memory": lambda seen: seen.read is None and seen.made == 2 * (seen.settings.get("Memory") or 0),
    "not-positive": lambda seen: isinstance(seen.read, int) and seen.read <= 0 and seen.made is None,
    "default-network": lambda seen: seen.read in (None, "default") and seen.made in ("bridge", "default"),
    "labels": _is_labels,
    "two-numbers": lambda seen: (
        isinstance(seen.read, list) and seen.made == [number or None for number in (*seen.read, 0, 0)][:2]
    ),
    "own-mac-address": lambda seen: (
        (seen.read is None or seen.before_api("1.44"))
        # 29.7 stores it in the usual spelling.
        and seen.made in ((mac := str(seen.body.get("MacAddress"))), mac.replace("-", ":").lower())
    ),
    "no-network": lambda seen: seen.made is None and bool(seen.body.get("NetworkDisabled")),
    "unnamed-policy": lambda seen: not (seen.body.get("RestartPolicy") or {}).get("Name"),
    "as-before": _is_as_before,
    "scope": lambda seen: seen.made in ("local", "swarm", "global"),
    "ipv4-unless-refused": lambda seen: (
        seen.made is True and (seen.body.get("EnableIPv4") is None or seen.before_api("1.47"))
    ),
    "service-mount": _is_service_mount,
    "unshown": _is_unshown,
    "unused-ipv6": lambda seen: seen.body.get("EnableIPv6") is not True and any(map(_is_ipv6, _list_pools(seen))),
    "unshown-in-swarm": lambda seen: seen.made is None and seen.stored.get("Scope") == "swarm",
    "unshown-config": lambda seen: seen.made is None and bool(seen.body.get("ConfigOnly")),
    "own-domainname": lambda seen: (
        isinstance(seen.read, list)
        and [one for one in seen.read if one != ["kernel.domainname", seen.body.get("Domainname")]] == seen.made
    ),
    "port": _is_port,
    "no-shared-memory": lambda seen: seen.made is None and seen.settings.get("IpcMode") == "none",
    "no-known-word": lambda seen: seen.made == "default" and seen.read not in ("default", "unconfined", "custom"),
    "added-subnet": _is_added_subnet,
    "no-less": lambda seen: (
        seen.read is None or (isinstance(seen.read, int) and isinstance(seen.made, int) and seen.read >= seen.made)
    ),
    "own-network": _is_own_network,
    "config-only": lambda seen: seen.made == "null" and bool(seen.body.get("ConfigOnly")),
    "swap-in-fact": _is_swap_in_fact,
    "beginning-of-id": _is_beginning_of_id,
    "no-own-swap": _is_no_own_swap,
    "unlimited": lambda seen: seen.read == -1 and seen.made is None,
    "no-names": lambda seen: seen.made == [],
    "fewer": _is_fewer,
    "read-only-image": _is_read_only_image,
    "root-slave": _is_root_slave,
}
