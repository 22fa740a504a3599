"""One mount fact (schemas/request.json, $defs/mount): what holds when nothing is said, what its host paths open."""

from collections.abc import Sequence
from typing import cast

from portero.facts.paths import clean, host_path
from portero.host.view import HostMoment
from portero.types import JSON, Fact


def fact(said: str, kind: str, via: str, told: Fact) -> Fact:
    """A whole fact: `told` over what holds when nothing is said. No host path is open unless `told` says so."""
    nothing: Fact = {
        "type": kind,
        "via": via,
        "source": None,
        "paths": [],
        "resolution": "none",
        "kind": "none",
        "holds": [],
        "target": None,
        "writable": True,
        "propagation": "",
        "options": [],
        "relabel": "",
        "sizeBytes": None,
        "driver": None,
        "driverOptions": {"type": "", "device": "", "names": []},
        "at": said,
    }
    return nothing | told


def opened(paths: Sequence[str], said: str, host: HostMoment) -> Fact:
    """The part of a fact about cleaned host paths: these and what links make of them, and what lies there."""
    if not paths:
        return {}
    places = [host.look(path) for path in paths]
    resolved = [host_path(place.resolved, said) for place in places if place.resolved is not None]
    return {
        "paths": cast(list[JSON], list(dict.fromkeys([*paths, *resolved]))),
        "resolution": "resolved" if len(resolved) == len(places) else "unseen",
        "kind": places[0].kind,
        "holds": cast(list[JSON], sorted({socket for place in places for socket in place.holds})),
    }


def anything(said: str, host: HostMoment) -> Fact:
    """The part of a fact about a path that only swarm will know: it may be any, so it counts as the whole host."""
    return {"type": "bind"} | opened(["/"], said, host) | {"resolution": "unseen", "kind": "unknown"}


def target(path: str) -> str | None:
    """A path in the container, cleaned as dockerd does (moby volume/mounts/linux_parser.go); None when not said."""
    return clean(path) if path else None
