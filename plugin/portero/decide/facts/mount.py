"""Facts of mounts (schemas/request.json, $defs/mount): default values, what is known of host paths, what they open.

The host's mounts and links can show sensitive files inside a harmless folder: such a place is another mount fact. A
container that may write to a folder above a source can replace the source before the next start.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from portero.decide.facts.host_paths import clean_host_path
from portero.decide.facts.sensitive_paths import OF_SYSTEM, list_sensitive
from portero.decide.interfaces.host import HostEntry, HostMoment
from portero.decide.values.json_fields import JSON, Fact
from portero.decide.values.path import clean

# The folders of doors that containers may have (docs/doors.md), as whole paths.
_DOOR = re.compile(r"(?:/var)?/run/portero-door/doors/([a-z0-9][a-z0-9-]{0,31})")
_NOTHING = frozenset[str]()
# The parts of a fact that are lists.
_LISTS = (
    *("paths", "ofLogin", "unseenHomes", "holds", "userSockets", "daemonFiles", "dockerData", "porteroFiles"),
    *("rootPrograms", "sensitive", "kernelFileSystems", "reaches", "mountsBelow", "passes", "entriesBy", "swappableBy"),
    *("swappableThrough", "options"),
)


def make_fact(at: str, kind: str, via: str, fields: Fact) -> Fact:
    """A whole fact: `fields` over the default values, which open no host path."""
    defaults: Fact = {
        "type": kind,
        "via": via,
        "source": None,
        "resolution": "none",
        "kind": "none",
        "readableByAll": False,
        "ownerOnly": False,
        "madeIn": "",
        "door": "",
        "target": None,
        "writable": True,
        "propagation": "",
        "relabel": "",
        "sizeBytes": None,
        "driver": None,
        "driverOptions": {"type": "", "device": "", "names": []},
        "at": at,
        **{name: [] for name in _LISTS},
    }
    fact = defaults | fields
    if paths := cast("list[str]", fact["paths"]):
        door = _find_door(paths) if kind == "bind" and fact["resolution"] == "resolved" else ""
        if door:
            # Its entry decides who may mount it (rule doors-listed), not what every socket of root means.
            return fact | {"door": door, "holds": []}
        is_file = fact["kind"] not in ("directory", "unknown")
        writable, owner_only = fact["writable"] is not False, fact["ownerOnly"] is True
        fact["sensitive"] = [*list_sensitive(paths, writable=writable, is_file=is_file, owner_only=owner_only)]
    return fact


def _find_door(paths: Sequence[str]) -> str:
    """The door whose folder all of these paths are; empty for any other."""
    matches = [_DOOR.fullmatch(path) for path in paths]
    names = {match[1] if match else "" for match in matches}
    return names.pop() if len(names) == 1 else ""


def resolve_sources(paths: Sequence[str], at: str, host: HostMoment) -> Fact:
    """The part of a fact about cleaned host paths: the paths, where links lead, and what is there."""
    if not paths:
        return {}
    files, traces = [host.find_entry(path) for path in paths], [host.trace(path) for path in paths]
    resolved = [clean_host_path(file.resolved, at) for file in files if file.resolved is not None]
    seen = len(resolved) == len(files) and all(trace.seen for trace in traces)
    swaps = [swap for trace in traces for swap in trace.swaps]
    return {
        "paths": cast("list[JSON]", list(dict.fromkeys([*paths, *resolved]))),
        "resolution": "resolved" if seen else "unseen",
        **_describe_entries(files, shows_kernel=any(trace.kernel_types for trace in traces)),
        "unseenHomes": _merge([trace.unseen_homes for trace in traces]),
        "kernelFileSystems": _merge([trace.kernel_types for trace in traces]),
        "reaches": _merge([trace.reaches for trace in traces]),
        "mountsBelow": _merge([trace.mounts_below for trace in traces]),
        "passes": _merge([trace.passes for trace in traces]),
        "entriesBy": _merge([trace.writers for trace in traces]),
        "swappableBy": [{"who": swap.who, "path": clean_host_path(swap.path, at), "at": at} for swap in swaps],
    }


def find_made_in(path: str, host: HostMoment) -> str:
    """The folder of the distribution in which dockerd would make a missing source, as root; empty: another, or none."""
    nearest = host.trace(path).nearest
    return nearest if nearest in OF_SYSTEM else ""


def _describe_entries(files: Sequence[HostEntry], *, shows_kernel: bool = False) -> Fact:
    """What is at the paths of one mount, and what they hold."""
    return {
        "kind": files[0].kind,
        "readableByAll": all(file.readable_by_all for file in files) and not shows_kernel,
        "ownerOnly": any(file.owner_only for file in files),
        "ofLogin": _merge([file.of_login for file in files]),
        "holds": _merge([file.holds for file in files]),
        "userSockets": _merge([file.user_sockets for file in files]),
        "daemonFiles": _merge([file.daemon_files for file in files]),
        "dockerData": _merge([file.docker_data for file in files]),
        "porteroFiles": _merge([file.written for file in files]),
        "rootPrograms": _merge([file.root_programs for file in files]),
    }


def _merge(lists: Iterable[Sequence[str]]) -> list[JSON]:
    merged = _NOTHING.union(*lists)
    return cast("list[JSON]", sorted(merged) if merged else [])


def clean_target(path: str) -> str | None:
    """A path in the container, cleaned as dockerd does (moby volume/mounts/linux_parser.go); None when empty."""
    return clean(path) if path else None


def add_reach(facts: list[Fact], host: HostMoment) -> list[Fact]:
    """The facts of one request's mounts with `swappableThrough`, and a fact for each place in `reaches`."""
    if not any(fact["paths"] for fact in facts):
        return facts
    writable = {
        path: cast(str, fact["at"]) for fact in facts if fact["writable"] for path in cast("list[str]", fact["paths"])
    }
    swappable = [fact | {"swappableThrough": list_swaps(fact, writable)} for fact in facts] if writable else facts
    reached = [_resolve_fact(fact, path, host) for fact in facts for path in cast("list[str]", fact["reaches"])]
    return [*swappable, *reached]


def list_swaps(fact: Fact, writable: Mapping[str, str]) -> list[JSON]:
    """The mounts of this request through which a folder on the way to the source can be changed.

    `writable`: folders that a container can write to, each with the place in the request that opens it.
    """
    folders: dict[str, None] = {}
    for folder in cast("list[str]", fact["passes"]):
        # What is above a folder that was seen was seen with it.
        while folder not in folders:
            folders[folder] = None
            folder = folder.rpartition("/")[0] or "/"
    return [{"mount": writable[folder], "folder": folder, "at": fact["at"]} for folder in folders if folder in writable]


def _resolve_fact(fact: Fact, path: str, host: HostMoment) -> Fact:
    fields: Fact = {
        "source": path,
        "paths": [path],
        "resolution": fact["resolution"],
        **_describe_entries([host.find_entry(path)]),
        "target": fact["target"],
        "writable": fact["writable"],
    }
    return make_fact(cast(str, fact["at"]), "bind", "host-mount", fields)
