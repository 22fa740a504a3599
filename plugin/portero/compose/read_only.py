"""Mounts of a service that its image only reads: the entries of an override by which they become read-only.

In: refused requests with their facts. Which paths are only read is data (read_only_targets.tsv): nobody can see it of a
request, and a database that cannot write is worse than a refusal.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from portero.files.path import is_within
from portero.recording.request_files import DecidedRequest
from portero.values.json_fields import flag, objects, text
from portero.values.json_types import JSON

Fact = Mapping[str, JSON]
_FILE = Path(__file__).with_name("read_only_targets.tsv")
_TARGETS = tuple(
    line.split("\t")[0] for line in _FILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
)


def is_only_read(target: str) -> bool:
    """Whether images only read what is mounted at this path."""
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
    refused = {one.at for one in checked.decision.violations if one.action == "deny"}
    written = [text(mount, "source") for name, mount in mounts if _is_written(mount, name != checked.request.name)]
    for mount in _list_writable(checked):
        source, target, place = (text(mount, name) for name in ("source", "target", "at"))
        is_shared = any(is_within(source, other) or is_within(other, source) for other in written)
        is_plain = not text(mount, "propagation") and ":" not in source + target
        if place in refused and is_only_read(target) and not is_shared and is_plain:
            yield _write_entry(_spell(source, folder), target, place, text(mount, "relabel"))


def _write_entry(source: str, target: str, place: str, label: str) -> JSON:
    """In place of the whole mount. Compose sends one whose folder must be there in Mounts, and all others in Binds."""
    if place.startswith("HostConfig.Binds"):
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


def _spell(source: str, folder: str) -> str:
    """A path of the project as compose files have it; $ is a variable's there."""
    is_inside = is_within(source, folder) and source != folder
    return (f"./{os.path.relpath(source, folder)}" if is_inside else source).replace("$", "$$")
