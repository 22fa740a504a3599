"""What a request takes over from existing containers, put into its facts: host namespaces, mounts of --volumes-from.

Who joins the namespace of a container that has the host's has the host's too, and who takes its mounts has them, also
where an exception admitted that container: the exception is not for the one that joins it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, TypeAlias, cast

from portero.decide.facts.inspected import make_entry
from portero.decide.facts.request_document import rebuild_document
from portero.decide.interfaces.existing import ExistingContainer
from portero.decide.interfaces.host import HostMoment
from portero.decide.interfaces.host_notes import HostNotes, ask
from portero.decide.objects.object_use import Meanings, ObjectFindings, ObjectUse
from portero.decide.reading.routes import Operation
from portero.decide.values.docker_names import find_namespace_owner, is_id
from portero.decide.values.json_fields import JSON, Fact, as_object, child, objects, text

_MODES: Mapping[str, str] = {"network": "NetworkMode", "pid": "PidMode", "ipc": "IpcMode"}
_TYPES = ("bind", "volume")
_LOOKED_UP = "containers"
# Containers that join each other in a row; more than any user makes.
_MAX_JOINED = 16
_Mode: TypeAlias = Literal["host", "own", "unseen"]
_MISSING = "there is no such container: dockerd would look for one at each start, whose ever it is then"
_LATER = "it was joined by a name that nothing had: dockerd looks for one at each start, whose ever it is then"


def describe_unseen(use: ObjectUse) -> dict[str, JSON]:
    """`unseenContainers`: those that a request joins of which it is not known what they will be; raises Refused.

    dockerd keeps the ID of what a create joins, and a name where nothing has it yet: it looks that up at each start,
    and a restart policy starts without a request.
    """
    if _LOOKED_UP not in use.looks_up:
        return {}
    facts = child(use.document, "facts")
    if (meanings := use.meanings) is not None:
        return _list_doubts(facts, meanings, exists=False)
    named = [*_list_shared(facts).values(), *objects(facts, "volumesFrom")]
    return _make_unseen((one, "Portero cannot ask the daemon what it is") for one in named)


def _list_doubts(facts: Mapping[str, JSON], meanings: Meanings, *, exists: bool) -> dict[str, JSON]:
    """The same where it can be asked; `exists`: they are the facts of a container that exists."""
    shared = _list_shared(facts).items()
    doubts = ((space, _find_doubt(kind, space, meanings, exists=exists)) for kind, space in shared)
    return _make_unseen((space, why) for space, why in doubts if why)


def _make_unseen(named: Iterable[tuple[Mapping[str, JSON], str]]) -> dict[str, JSON]:
    unseen: list[JSON] = [{"name": text(one, "container"), "why": why, "at": text(one, "at")} for one, why in named]
    return {"unseenContainers": unseen} if unseen else {}


def _find_doubt(kind: str, space: Mapping[str, JSON], meanings: Meanings, *, exists: bool) -> str:
    """Why it is not known which namespace this is; empty: it is."""
    name, at = text(space, "container").removeprefix("/"), text(space, "at")
    if exists and not is_id(name):
        return _LATER
    found = [*meanings.find_containers(name, at)]
    if not found and not exists:
        return _MISSING
    return _LATER if any(_find_mode(kind, one, meanings, at) == "unseen" for one in found) else ""


def take_over(
    document: dict[str, JSON], operation: Operation, host: HostMoment, findings: ObjectFindings, notes: HostNotes | None
) -> dict[str, JSON]:
    """The document of a request as if it asked itself for what it takes over; raises Refused (lookup-failed)."""
    facts = child(document, "facts")
    if _LOOKED_UP not in operation.looks_up or not (_list_shared(facts) or objects(facts, "volumesFrom")):
        return document

    def find() -> dict[str, JSON]:
        meanings = findings.find_meanings(host)
        return {} if meanings is None else find_joined(document, meanings, host)

    return {**document, "facts": {**facts, **ask(notes, "joined", find)}}


def find_joined(document: dict[str, JSON], meanings: Meanings, host: HostMoment) -> dict[str, JSON]:
    """The facts that differ by what a request takes over; raises Refused (lookup-failed)."""
    before, document = child(document, "facts"), add_host_namespaces(document, meanings)
    body, inherited = document["body"], [*_list_inherited(document, meanings)]
    facts = {name: value for name, value in child(document, "facts").items() if value is not before.get(name)}
    if not inherited:
        return facts
    config = child(as_object(body, ""), "HostConfig")
    requested = objects(config, "Mounts")
    mounts = cast(list[JSON], [*requested, *(mount for mount, _ in inherited)])
    whole = {**document, "body": {**as_object(body, ""), "HostConfig": {**config, "Mounts": mounts, "VolumesFrom": []}}}
    places = {f"HostConfig.Mounts[{n}]": at for n, (_, at) in enumerate(inherited, len(requested))}
    rebuilt = child(rebuild_document(whole, host), "facts")
    facts["mounts"] = _replace_at(rebuilt["mounts"], places)
    for figure in ("mountCount", "mountSize"):
        facts[figure] = {**child(rebuilt, figure), "at": "HostConfig.VolumesFrom"}
    return facts


def add_joined_by_existing(document: dict[str, JSON], meanings: Meanings | None) -> dict[str, JSON]:
    """The same for a container that exists: it has its mounts already."""
    facts = cast("dict[str, JSON]", document["facts"])
    if meanings is None or not _list_shared(facts):
        return document
    unseen = _list_doubts(facts, meanings, exists=True)
    return add_host_namespaces({**document, "objects": {**child(document, "objects"), **unseen}}, meanings)


def add_host_namespaces(document: dict[str, JSON], meanings: Meanings) -> dict[str, JSON]:
    """The same for the namespaces alone."""
    facts = dict(child(document, "facts"))
    spaces = dict(child(facts, "namespaces"))
    for kind, space in _list_shared(facts).items():
        name, at = text(space, "container").removeprefix("/"), text(space, "at")
        if any(_find_mode(kind, one, meanings, at) == "host" for one in meanings.find_containers(name, at)):
            spaces[kind] = {**space, "mode": "host"}
            if kind == "network":
                joined: Fact = {"name": f"container:{name}", "resolved": "host", "container": name, "at": at}
                facts["networks"] = [*cast(list[JSON], facts.get("networks") or []), joined]
    return {**document, "facts": {**facts, "namespaces": spaces}} if spaces else document


def _list_shared(facts: Mapping[str, JSON]) -> dict[str, Fact]:
    spaces = {kind: as_object(space, kind) for kind, space in child(facts, "namespaces").items()}
    return {kind: space for kind, space in spaces.items() if kind in _MODES and space.get("container")}


def _find_mode(kind: str, container: ExistingContainer, meanings: Meanings, at: str) -> _Mode:
    """Whose namespace a container has, by itself or by those that it joins."""
    for _ in range(_MAX_JOINED):
        mode = container.modes[_MODES[kind]]
        if mode == "host" or (kind == "network" and "host" in container.endpoints):
            return "host"
        if not (name := find_namespace_owner(mode)):
            return "own"
        if not is_id(name):
            return "unseen"
        joined = next(meanings.find_containers(name, at), None)
        if joined is None:
            return "own"  # it cannot start again
        container = joined
    return "unseen"


def _list_inherited(document: Mapping[str, JSON], meanings: Meanings) -> Iterator[tuple[JSON, str]]:
    """Each mount that --volumes-from takes over, as an entry of Mounts, with its place."""
    volumes_from = child(child(document, "body"), "HostConfig").get("VolumesFrom")
    for entry, fact in zip(
        cast(list[str], volumes_from or []), objects(child(document, "facts"), "volumesFrom"), strict=False
    ):
        at, read_only = text(fact, "at"), "ro" in entry.partition(":")[2].split(",")
        for container in meanings.find_containers(text(fact, "container").removeprefix("/"), at):
            for mount in container.mounts:
                if mount.type in _TYPES:
                    yield make_entry(mount, read_only=read_only), at


def _replace_at(value: JSON, places: Mapping[str, str]) -> JSON:
    """The value with the places of added mounts replaced by those in the request."""
    if isinstance(value, dict):
        return {key: _replace_at(each, places) for key, each in value.items()}
    if isinstance(value, list):
        return [_replace_at(each, places) for each in value]
    return places.get(value, value) if isinstance(value, str) else value
