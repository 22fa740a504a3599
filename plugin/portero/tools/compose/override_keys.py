"""The keys that an override gives a service: limits that it lacks, and mounts that become read-only.

In: refused requests with their facts. Which paths images only read is data (read_only_targets.tsv): it cannot be seen
of a request, and a database that cannot write is worse than a refusal. A memory limit goes by what the containers of
the service use now, as docker stats shows it, where the daemon says so.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from portero.decide.identity.caller import NO_IDENTITY
from portero.decide.judging.denial_entries import write_figures
from portero.decide.ownership.owner_names import OwnerNames
from portero.decide.values.dataclass import dataclass
from portero.decide.values.go_values import format_size
from portero.decide.values.json_fields import JSON, child, flag, integer, objects, text, texts
from portero.decide.values.path import is_within
from portero.decide.values.refusals import Refused
from portero.decide.values.spelling import make_printable
from portero.decide.values.tables import read_rows
from portero.observe.dockerd.api import TimedRequests, read_object
from portero.tools.recording.request_files import DecidedRequest

Fact = Mapping[str, JSON]
_TARGETS = tuple(row[0] for row in read_rows(__file__, "read_only_targets.tsv"))


def is_only_read(target: str) -> bool:
    return any(
        is_within(target, pattern[:-1]) if pattern.endswith("/") else fnmatchcase(target, pattern)
        for pattern in _TARGETS
    )


def list_read_only(checked: Iterable[DecidedRequest], folder: str) -> dict[str, list[JSON]]:
    """`volumes` for each service whose writable mounts are refused and only read; paths from `folder` as Compose has.

    What another service of the project can write is left alone: it may be made there for the one that reads it.
    """
    decided = [*checked]
    mounts = [(each.request.name, mount) for each in decided for mount in _list_writable(each)]
    proposed = {each.request.name: [*_propose(each, mounts, folder)] for each in decided}
    return {name: entries for name, entries in proposed.items() if name and entries}


def _propose(checked: DecidedRequest, mounts: Iterable[tuple[str, Fact]], folder: str) -> Iterator[JSON]:
    refused = {one.at for one in checked.decision.denials}
    written = [text(mount, "source") for name, mount in mounts if _is_written(mount, name != checked.request.name)]
    for mount in _list_writable(checked):
        source, target, at = (text(mount, name) for name in ("source", "target", "at"))
        is_shared = any(is_within(source, other) or is_within(other, source) for other in written)
        is_plain = not text(mount, "propagation") and ":" not in source + target
        if at in refused and is_only_read(target) and not is_shared and is_plain:
            yield _write_entry(_spell_source(source, folder), target, at, text(mount, "relabel"))


def _write_entry(source: str, target: str, at: str, label: str) -> JSON:
    """In place of the whole mount. Compose sends one whose folder must be there in Mounts, and all others in Binds."""
    if at.startswith("HostConfig.Binds"):
        return f"{source}:{target}:ro" + (f",{label}" if label in ("z", "Z") else "")
    must_be_there: JSON = {"create_host_path": False}
    return {"type": "bind", "source": source, "target": target, "read_only": True, "bind": must_be_there}


def _list_writable(checked: DecidedRequest) -> Iterator[Fact]:
    mounts = objects(checked.facts, "mounts")
    return (each for each in mounts if text(each, "type") == "bind" and flag(each, "writable"))


def _is_written(mount: Fact, is_of_another: bool) -> bool:
    """Another service can be the one that writes what this one reads, but not a path of the host, as the time zone."""
    source, target = text(mount, "source"), text(mount, "target")
    return not is_only_read(target) or (is_of_another and source != target)


def _spell_source(source: str, folder: str) -> str:
    """A path of the project as compose files have it; $ is a variable's there."""
    is_inside = is_within(source, folder) and source != folder
    return (f"./{os.path.relpath(source, folder)}" if is_inside else source).replace("$", "$$")


_MIB = 1 << 20
# Room for what a service does not do at the moment, in steps that people read.
_FACTOR, _STEP = 2, 64 * _MIB
_OK = 200


@dataclass(frozen=True, slots=True)
class Measured:
    """`limit`: for a compose file; `why`: the comment beside it."""

    limit: str
    why: str


def measure_memory(
    containers: Iterable[Mapping[str, JSON]], addresses: Iterable[str], max_bytes: int
) -> Measured | None:
    """The limit for a service with these containers (of the daemon's list), of at most `max_bytes`.

    None: none of them runs, the daemon does not say of all what they use, or it is so much that the site must decide.
    """
    used = list[tuple[int, str]]()
    requests = TimedRequests([*addresses], None)
    try:
        for container in containers:
            if text(container, "State") == "running":
                target = f"/containers/{text(container, 'Id')}/stats?stream=false&one-shot=true"
                answer = next(
                    (read_object(body) for status, body in requests.get_bodies(target) if status == _OK), None
                )
                used.append((_find_used(answer or {}), make_printable(next(iter(texts(container, "Names")), "")[1:])))
    except Refused:
        return None  # a field of another type
    most_used, name = max(used, default=(0, ""))
    limit = -(-_FACTOR * most_used // _STEP) * _STEP
    if min(used, default=(0, ""))[0] <= 0 or limit > max_bytes:
        return None
    return Measured(f"{limit // _MIB}m", f"twice the {-(-most_used // _MIB)} MiB that {name} uses (docker stats)")


def _find_used(stats: Mapping[str, JSON]) -> int:
    """Bytes: the peak where control groups of version 1 tell it, else as docker stats counts (without the cache).

    docker/cli, cli/command/container/stats_helpers.go, calculateMemUsageUnixNoCache.
    """
    memory = child(stats, "memory_stats")
    details = child(memory, "stats")
    cache = integer(details, "inactive_file") or integer(details, "total_inactive_file") or 0
    return max((integer(memory, "usage") or 0) - cache, integer(memory, "max_usage") or 0)


# The rules that a missing limit violates, with the key and the site value that it gets.
_LIMITS: Mapping[str, tuple[str, str]] = {
    "memory-limit": ("mem_limit", "memory-max"),
    "cpu-limit": ("cpus", "cpus-max"),
    "pids-limit": ("pids_limit", "pids-max"),
}
_SWAP, _FILES = "no-swap", "open-files-limit"


def list_limits(checked: DecidedRequest, site: Mapping[str, JSON], measured: str | None = None) -> dict[str, JSON]:
    """The keys that give a service the limits that it lacks. A limit that is too high is its owner's to decide.

    `measured`: the memory that it needs, instead of the site's value.
    """
    limits = child(checked.facts, "limits")
    memory, swap = (integer(child(limits, name), "value") for name in ("memory", "memorySwap"))
    missing = {
        one.rule for one in checked.decision.denials if not write_figures(one) or (one.rule == _SWAP and not swap)
    }
    keys: dict[str, JSON] = {key: site[value] for rule, (key, value) in _LIMITS.items() if rule in missing}
    if measured and "mem_limit" in keys:
        keys["mem_limit"] = measured
    if "memory-limit" in missing or _SWAP in missing:
        keys["memswap_limit"] = keys.get("mem_limit") or (_write_size(memory) if memory else site["memory-max"])
    if _FILES in missing:
        keys["ulimits"] = {"nofile": {"soft": site["nofile-soft-max"], "hard": site["nofile-hard-max"]}}
    return keys


_LABEL = "owner-label-own"
# Of the parts of a project that get it beside services, by what makes them.
_LABELLED: Mapping[str, str] = {"NetworkCreate": "networks", "VolumeCreate": "volumes"}


def list_labels(checked: Iterable[DecidedRequest], site: Mapping[str, JSON]) -> dict[str, dict[str, dict[str, JSON]]]:
    """By section and part of the project: the label that makes the caller the owner, where it is missing."""
    labels: dict[str, dict[str, dict[str, JSON]]] = {"services": {}, "networks": {}, "volumes": {}}
    for each in checked:
        owners = OwnerNames.of(site, (each.request.identity or NO_IDENTITY).make_document())
        is_missing = any(one.rule == _LABEL for one in each.decision.denials)
        if is_missing and owners is not None and (name := owners.choose(True)):
            of: dict[str, JSON] = {"labels": {owners.label: name.replace("$", "$$")}}
            section = _LABELLED.get(each.decision.subject.operation, "services")
            labels[section][each.request.name] = {**of, "deploy": of} if each.request.deploys else of
    return labels


def _write_size(size: int) -> str:
    shown = format_size(size)
    return f"{shown}b" if shown.isdigit() else shown


def list_paths(decided: Iterable[DecidedRequest], rules: Sequence[str]) -> list[str]:
    """The host paths that these rules alone refuse, as the request document has them."""
    paths: dict[str, None] = {}
    for each in decided:
        denials = each.decision.denials
        others = {one.at for one in denials if one.rule not in rules}
        for one in denials:
            if one.rule in rules and one.at not in others and one.wording is not None and one.wording.requested:
                paths[one.wording.requested] = None
    return list(paths)
