"""Ownership: which objects that a request names belong to others, and whether a new one gets an owner.

Where the site value `ownership` names a label, a container, volume, network or service belongs to the user in that
label, or to the group behind the prefix `group:`; one without the label is the operators'. In: the request document,
the daemon's objects, who asks. Out: the facts `foreign`, `ownerLabels` and `takenVolumes` among `objects`.
"""

from collections.abc import Iterator, Mapping
from typing import cast

from portero.decide.interfaces.daemon import ObjectKind
from portero.decide.interfaces.existing import ExistingContainer
from portero.decide.objects.meanings import Meanings, located
from portero.decide.objects.named_objects import PREDEFINED, Named, find_named, refuse_unclear, shorten_name
from portero.decide.objects.object_use import ObjectUse
from portero.decide.objects.owned_volumes import MAKES_VOLUMES, describe_labels, describe_taken, find_owner
from portero.decide.objects.owner_names import OPERATORS, TEMPLATE, OwnerNames
from portero.decide.reading.routes import Operation
from portero.decide.values.json_fields import child, text, texts
from portero.decide.values.json_types import JSON

# By the beginning of an operation's path, up to its parameter.
_KINDS: Mapping[str, ObjectKind] = {
    "/containers/{id": "container",
    "/exec/{id": "exec",
    "/volumes/{name": "volume",
    "/networks/{id": "network",
    "/services/{id": "service",
}
_SERVICES = frozenset({"ServiceCreate", "ServiceUpdate"})
_TASKS_LABELS = "TaskTemplate.ContainerSpec.Labels"
# They reach the objects of all users.
_OF_ALL = frozenset(
    {"BuildPrune", "ContainerPrune", "ImagePrune", "NetworkPrune", "TaskInspect", "TaskLogs", "VolumePrune"}
)
_FROM = "HostConfig.VolumesFrom"
_IN_BODY = ("containers", "volumes", "networks")
_MAKES = "owner"


def find_owners(site: Mapping[str, JSON], identity: Mapping[str, JSON], operation: Operation) -> OwnerNames | None:
    """None where the site has no ownership, and where nothing that the operation names or makes can be another's."""
    owners = OwnerNames.of(site, identity)
    if owners is None or (owners.is_operator and operation.id not in MAKES_VOLUMES):
        return None
    names_some = operation.looks_up or operation.id in _OF_ALL or _find_kind(operation) is not None
    return owners if names_some else None


def describe_owners(use: ObjectUse) -> dict[str, JSON]:
    """`foreign`, `ownerLabels`, `takenVolumes`; raises Refused (lookup-failed) where the daemon does not answer.

    Where it cannot be asked, as with PORTERO_LOOKUPS=off, whose an object is stays unknown.
    """
    operation, document, facts = use.operation, use.document, dict[str, JSON]()
    if (owners := find_owners(use.policy.site, child(document, "identity"), operation)) is None:
        return {}
    meanings, makes = use.meanings, operation.id in MAKES_VOLUMES
    if meanings is not None and makes and (taken := describe_taken(owners, document, meanings, use.findings)):
        facts["takenVolumes"] = taken
    if owners.is_operator:
        return facts
    foreign: list[JSON] = []
    if operation.id in _OF_ALL:
        foreign.append({"kind": "all", "name": "what this reaches", "owner": "everybody", "at": "path"})
    if meanings is not None:
        foreign += _list_foreign(owners, operation, document, meanings)
    if foreign:
        facts["foreign"] = foreign
    if _MAKES in operation.looks_up:
        facts["ownerLabels"] = [*_list_labels(owners, document, meanings)]
    return facts


def _list_labels(owners: OwnerNames, document: Mapping[str, JSON], meanings: Meanings | None) -> Iterator[JSON]:
    """Whether each thing that a request makes carries the label of its maker.

    Tasks of a service take those of their image, which another node pulls later, where the request gives them none.
    """
    body = child(document, "body")
    yield owners.describe_label(child(body, "Labels"), f"Labels.{owners.label}")
    if document["operation"] in _SERVICES:
        labels = child(child(child(body, "TaskTemplate"), "ContainerSpec"), "Labels")
        yield owners.describe_label(labels, f"{_TASKS_LABELS}.{owners.label}")
    yield from describe_labels(owners, document, meanings)


def _list_foreign(
    owners: OwnerNames, operation: Operation, document: Mapping[str, JSON], meanings: Meanings
) -> Iterator[JSON]:
    seen: set[tuple[str, str]] = set()
    waiting = [*_list_named(operation, document)]
    for named in waiting:
        if (named.kind, named.name) in seen:
            continue
        seen.add((named.kind, named.name))
        refuse_unclear(named)
        if named.kind == "volume" and TEMPLATE in named.name:
            name = f"{shorten_name(named.name)}, a name that swarm makes later,"
            yield {"kind": named.kind, "name": name, "owner": "another user as well", "at": named.at}
            continue
        for one in meanings.find(named) if named.name else ():
            if isinstance(one, ExistingContainer) and operation.looks_up:
                # Who uses it is in the namespaces of those that it joins, and in its volumes.
                waiting += [Named("container", joined, named.at) for joined in one.joined.values()]
                yield from _list_mounted(owners, one, named.at, meanings)
            with located(named.at):
                owner = text(one.labels, owners.label)
            if owner not in owners.names and not (one.kind == "network" and one.name in PREDEFINED):
                shown = shorten_name(owner) or OPERATORS
                name = shorten_name(one.name or named.name)
                yield {"kind": one.kind, "name": name, "owner": shown, "at": named.at}


def _list_mounted(owners: OwnerNames, container: ExistingContainer, at: str, meanings: Meanings) -> Iterator[JSON]:
    """Volumes of a container that are another's by their label: what has none, dockerd may have made for it."""
    for name in (mount.name for mount in container.mounts if mount.type == "volume"):
        owner = find_owner(name, owners.label, meanings, at) or ""
        if owner not in ("", *owners.names):
            yield {"kind": "volume", "name": shorten_name(name), "owner": shorten_name(owner), "at": at}


def _list_named(operation: Operation, document: Mapping[str, JSON]) -> Iterator[Named]:
    path = cast("dict[str, str]", document["path"])
    if (kind := _find_kind(operation)) is not None:
        parameter = "name" if kind == "volume" else "id"
        yield Named(kind, path[parameter].removeprefix("/"), f"path.{parameter}")
    if operation.id == "ImageCommit":
        yield from find_named(document, ("container",))
    if operation.id in ("NetworkConnect", "NetworkDisconnect"):
        yield Named("container", text(child(document, "body"), "Container").removeprefix("/"), "Container")
    if operation.looks_up:
        named = find_named(document, _IN_BODY)
        # What comes with --volumes-from is judged with the container that has it.
        yield from (each for each in named if each.kind != "volume" or not each.at.startswith(_FROM))
        yield from _find_links(child(document, "body"))


def _find_links(body: Mapping[str, JSON]) -> Iterator[Named]:
    """The containers of --link, as NAME or NAME:ALIAS: of the container, of each network, and of a network connect."""
    endpoints = child(child(body, "NetworkingConfig"), "EndpointsConfig")
    holders = [("HostConfig", child(body, "HostConfig")), ("EndpointConfig", child(body, "EndpointConfig"))]
    holders += [(f"NetworkingConfig.EndpointsConfig.{name}", child(endpoints, name)) for name in endpoints]
    for at, holder in holders:
        for index, link in enumerate(texts(holder, "Links")):
            yield Named("container", link.partition(":")[0].removeprefix("/"), f"{at}.Links[{index}]")


def _find_kind(operation: Operation) -> ObjectKind | None:
    return next((kind for begin, kind in _KINDS.items() if operation.path.startswith(begin)), None)
