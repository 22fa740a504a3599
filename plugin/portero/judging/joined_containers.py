"""What a request takes over from existing containers, put into its facts: host namespaces, mounts of --volumes-from.

Who joins the namespace of a container that has the host's has the host's too, and who takes its mounts has them, also
where an exception admitted that container: the exception is not for the one that joins it.
"""

from collections.abc import Iterator, Mapping
from typing import cast

from portero.host.notes import HostNotes, ask
from portero.host.view import HostMoment, Objects
from portero.judging.named_objects import list_others
from portero.judging.request_document import rebuild_document
from portero.reading.routes import Operation
from portero.refusals import Refused
from portero.values.json_fields import as_object, child, flag, objects, text
from portero.values.json_types import JSON, Fact

_MODES: Mapping[str, str] = {"network": "NetworkMode", "pid": "PidMode", "ipc": "IpcMode"}
_TYPES = ("bind", "volume")
_LOOKED_UP = "containers"
# Containers that join each other in a row; more than anybody makes.
_MAX_JOINED = 16


def list_unseen(document: Mapping[str, JSON], operation: Operation) -> dict[str, JSON]:
    """`unseenContainers`: those that a request joins where the daemon cannot be asked what they are."""
    if _LOOKED_UP not in operation.looks_up:
        return {}
    facts = child(document, "facts")
    named = [*_list_shared(facts).values(), *objects(facts, "volumesFrom")]
    unseen: list[JSON] = [{"name": text(one, "container"), "at": text(one, "at")} for one in named]
    return {"unseenContainers": unseen} if unseen else {}


def take_over(
    document: dict[str, JSON], operation: Operation, host: HostMoment, notes: HostNotes | None
) -> dict[str, JSON]:
    """The document of a request as if it asked itself for what it takes over; raises Refused (lookup-failed)."""
    facts = child(document, "facts")
    if _LOOKED_UP not in operation.looks_up or not (_list_shared(facts) or objects(facts, "volumesFrom")):
        return document
    joined = ask(notes, "joined", lambda: find_joined(document, daemon, host) if (daemon := host.objects()) else {})
    return {**document, "facts": {**facts, **joined}}


def find_joined(document: dict[str, JSON], daemon: Objects, host: HostMoment) -> dict[str, JSON]:
    """The facts that differ by what a request takes over; raises Refused (lookup-failed)."""
    before, after = child(document, "facts"), child(add_joined(document, daemon, host), "facts")
    return {name: value for name, value in after.items() if value is not before.get(name)}


def add_joined(document: dict[str, JSON], daemon: Objects, host: HostMoment) -> dict[str, JSON]:
    """The document of a request as if it asked itself for what it takes over; raises Refused (lookup-failed)."""
    document = add_host_namespaces(document, daemon)
    body, inherited = document["body"], [*_list_inherited(document, daemon)]
    if not inherited:
        return document
    config = child(as_object(body, ""), "HostConfig")
    own = objects(config, "Mounts")
    mounts = cast(list[JSON], [*own, *(mount for mount, _ in inherited)])
    whole = {**document, "body": {**as_object(body, ""), "HostConfig": {**config, "Mounts": mounts}}}
    places = {f"HostConfig.Mounts[{n}]": at for n, (_, at) in enumerate(inherited, len(own))}
    rebuilt = child(rebuild_document(whole, host), "facts")
    facts = {**child(document, "facts"), "mounts": _replace_places(rebuilt["mounts"], places)}
    return {**document, "facts": facts}


def add_host_namespaces(document: dict[str, JSON], daemon: Objects | None) -> dict[str, JSON]:
    """The same for the namespaces alone: an existing container has its mounts already."""
    if daemon is None:
        return document
    facts = dict(child(document, "facts"))
    spaces = dict(child(facts, "namespaces"))
    for kind, space in _list_shared(facts).items():
        name, at = text(space, "container").removeprefix("/"), text(space, "at")
        if any(_is_of_host(kind, shown, daemon, at) for shown in _list_meanings(name, daemon, at)):
            spaces[kind] = {**space, "mode": "host"}
            if kind == "network":
                joined: Fact = {"name": f"container:{name}", "resolved": "host", "at": at}
                facts["networks"] = [*cast(list[JSON], facts.get("networks") or []), joined]
    return {**document, "facts": {**facts, "namespaces": spaces}} if spaces else document


def _list_shared(facts: Mapping[str, JSON]) -> dict[str, Fact]:
    spaces = {kind: as_object(space, kind) for kind, space in child(facts, "namespaces").items()}
    return {kind: space for kind, space in spaces.items() if kind in _MODES and space.get("container")}


def _is_of_host(kind: str, shown: Mapping[str, JSON], daemon: Objects, at: str) -> bool:
    """Whether a container has this namespace of the host, by itself or by those that it joins."""
    for _ in range(_MAX_JOINED):
        mode = text(child(shown, "HostConfig"), _MODES[kind])
        if mode == "host" or (kind == "network" and "host" in child(child(shown, "NetworkSettings"), "Networks")):
            return True
        word, _, name = mode.partition(":")
        if word != "container" or not name:
            return False
        joined = next(iter(_list_meanings(name.removeprefix("/"), daemon, at)), None)
        if joined is None:
            return False
        shown = joined
    return True  # they join each other in a circle, or nobody can say


def _list_inherited(document: Mapping[str, JSON], daemon: Objects) -> Iterator[tuple[JSON, str]]:
    """Each mount that --volumes-from takes over, as an entry of Mounts, with its place."""
    volumes_from = child(child(document, "body"), "HostConfig").get("VolumesFrom")
    for entry, fact in zip(
        cast(list[str], volumes_from or []), objects(child(document, "facts"), "volumesFrom"), strict=False
    ):
        at, read_only = text(fact, "at"), "ro" in entry.partition(":")[2].split(",")
        for shown in _list_meanings(text(fact, "container").removeprefix("/"), daemon, at):
            for mount in objects(shown, "Mounts"):
                if text(mount, "Type") in _TYPES:
                    yield _make_entry(mount, read_only=read_only), at


def _make_entry(mount: Mapping[str, JSON], *, read_only: bool) -> Fact:
    is_bind = text(mount, "Type") == "bind"
    entry: Fact = {
        "Type": text(mount, "Type"),
        "Source": text(mount, "Source" if is_bind else "Name"),
        "Target": text(mount, "Destination"),
        "ReadOnly": read_only or not flag(mount, "RW"),
    }
    if is_bind:
        return {**entry, "BindOptions": {"Propagation": text(mount, "Propagation")}}
    return {**entry, "VolumeOptions": {"DriverConfig": {"Name": text(mount, "Driver")}}}


def _list_meanings(name: str, daemon: Objects, at: str) -> Iterator[Mapping[str, JSON]]:
    """The container of this name, and others that the name can come to mean."""
    try:
        shown = daemon.inspect("container", name)
        if shown is not None:
            yield shown
            yield from list_others("container", name, shown, daemon)
    except Refused as refused:
        raise Refused("lookup-failed", at) from refused


def _replace_places(value: JSON, places: Mapping[str, str]) -> JSON:
    """The value with the places of added mounts replaced by those in the request."""
    if isinstance(value, dict):
        return {key: _replace_places(each, places) for key, each in value.items()}
    if isinstance(value, list):
        return [_replace_places(each, places) for each in value]
    return places.get(value, value) if isinstance(value, str) else value
