"""What the mounts of one request open beyond their sources: facts of mounts in, the same with more in them out.

The host's mounts and links can show sensitive files inside a harmless folder: such a place is another mount fact. A
container that may write to a folder above a source can replace the source before the next start.
"""

from collections.abc import Iterator, Mapping
from typing import cast

from portero.facts.mount import make_fact
from portero.host.view import HostMoment
from portero.values.json_types import JSON, Fact


def add_reach(facts: list[Fact], host: HostMoment) -> list[Fact]:
    """The facts of one request's mounts with `swappableThrough`, and a fact for each place in `reaches`."""
    if not any(fact["paths"] for fact in facts):
        return facts
    writable = {
        path: cast(str, fact["at"]) for fact in facts if fact["writable"] for path in cast(list[str], fact["paths"])
    }
    swappable = [fact | {"swappableThrough": list_swaps(fact, writable)} for fact in facts] if writable else facts
    reached = [_reached_fact(fact, path, host) for fact in facts for path in cast(list[str], fact["reaches"])]
    return [*swappable, *reached]


def list_swaps(fact: Fact, writable: Mapping[str, str]) -> list[JSON]:
    """The mounts of this request through which a folder on the way to the source can be changed.

    `writable`: folders that a container can write to, each with the place in the request that opens it.
    """
    folders = dict.fromkeys(
        above
        for folder in cast(list[str], fact["passes"])
        for above in (folder, *_list_parents(folder))
        if above in writable
    )
    return [{"mount": writable[folder], "folder": folder, "at": fact["at"]} for folder in folders]


def _list_parents(path: str) -> Iterator[str]:
    while path != "/":
        path = path.rpartition("/")[0] or "/"
        yield path


def _reached_fact(fact: Fact, path: str, host: HostMoment) -> Fact:
    entry = host.find_entry(path)
    fields: Fact = {
        "source": path,
        "paths": [path],
        "resolution": fact["resolution"],
        "kind": entry.kind,
        "readableByAll": entry.readable_by_all,
        "ownerOnly": entry.owner_only,
        "ofLogin": [*entry.of_login],
        "holds": [*entry.holds],
        "userSockets": [*entry.user_sockets],
        "daemonFiles": [*entry.daemon_files],
        "dockerData": [*entry.docker_data],
        "porteroFiles": [*entry.written],
        "rootPrograms": [*entry.root_programs],
        "target": fact["target"],
        "writable": fact["writable"],
    }
    return make_fact(cast(str, fact["at"]), "bind", "host-mount", fields)
