"""Ownership: which objects that a request names belong to others, and whether a new one gets an owner.

Where the site value `ownership` names a label, a container, volume, network, service, secret or config belongs to the
user in it, or to the group behind the prefix `group:`; what has none is the operators'. In: the request document,
the daemon's objects, who asks. Out: the facts `foreign`, `owners`, `ownerLabels` and `takenVolumes` among
`objects`.
"""

from collections.abc import Iterator, Mapping
from typing import cast

from portero.decide.identity.caller import DOOR_PREFIX
from portero.decide.interfaces.daemon import ObjectKind
from portero.decide.interfaces.effects import OwnedUse
from portero.decide.interfaces.existing import ExistingContainer
from portero.decide.objects.existing_owners import find_owner as find_owner_of
from portero.decide.objects.named_objects import PREDEFINED, Named, find_named, refuse_unclear
from portero.decide.objects.object_use import Meanings, ObjectFindings, ObjectUse, located
from portero.decide.objects.owned_volumes import MAKES_VOLUMES, describe_labels, describe_taken, find_owner
from portero.decide.ownership.owner_names import OPERATORS, TEMPLATE, OwnerNames
from portero.decide.reading.routes import Operation
from portero.decide.reading.uri import find_first
from portero.decide.values.json_fields import JSON, child, flag, text, texts, to_object
from portero.decide.values.json_objects import load_strict_object
from portero.decide.values.spelling import shorten_name

# By the beginning of an operation's path, up to its parameter.
_KINDS: Mapping[str, ObjectKind] = {
    "/containers/{id": "container",
    "/exec/{id": "exec",
    "/volumes/{name": "volume",
    "/networks/{id": "network",
    "/services/{id": "service",
    "/tasks/{id": "task",
    "/secrets/{id": "secret",
    "/configs/{id": "config",
}
_SERVICES = frozenset({"ServiceCreate", "ServiceUpdate"})
_TASKS_LABELS = "TaskTemplate.ContainerSpec.Labels"
# They reach the objects of all users; the first, unless a filter says whose.
_FILTERED = frozenset({"ContainerPrune", "NetworkPrune", "VolumePrune"})
_OF_ALL = frozenset({*_FILTERED, "BuildPrune", "ImagePrune"})
_FROM = "HostConfig.VolumesFrom"
_IN_BODY = ("containers", "volumes", "networks", "configs")
_MAKES = "owner"
_MAKING = "another user, who makes it just now"
_UNSHOWN = "an unknown owner (it is gone, or only swarm managers show it)"
_UNASKED = "an unknown owner (Portero cannot ask dockerd: set PORTERO_LOOKUPS=auto, or PORTERO_DOCKER_HOST)"


def find_owners(site: Mapping[str, JSON], identity: Mapping[str, JSON], operation: Operation) -> OwnerNames | None:
    """None where the site has no ownership, and where nothing that the operation names or makes can be another's."""
    names_some = operation.looks_up or operation.id in _OF_ALL or _find_kind(operation) is not None
    owners = OwnerNames.of(site, identity) if names_some else None
    return None if owners is None or (owners.is_operator and operation.id not in MAKES_VOLUMES) else owners


def describe_owners(use: ObjectUse) -> dict[str, JSON]:
    """The facts; raises Refused (lookup-failed) where the daemon does not answer.

    Where it cannot be asked, as with PORTERO_LOOKUPS=off, nothing that a request names is the caller's.
    """
    operation, document, facts = use.operation, use.document, {}
    if (owners := find_owners(use.policy.site, child(document, "identity"), operation)) is None:
        return {}
    meanings, makes = use.meanings, operation.id in MAKES_VOLUMES
    if meanings is not None and makes and (taken := describe_taken(owners, document, meanings, use.findings)):
        facts["takenVolumes"] = taken
    if owners.is_operator:
        return facts | (_describe_image_label(owners, document, meanings) if meanings is not None else {})
    foreign: list[JSON] = []
    if operation.id in _OF_ALL and not (operation.id in _FILTERED and _prunes_own(owners, document)):
        narrower = f" without --filter label={owners.wanted_label}" if operation.id in _FILTERED else ""
        foreign.append({"kind": "all", "name": f"what this reaches{narrower}", "owner": "everybody", "at": "path"})
    if meanings is not None:
        used = [*_list_used(owners, operation, document, meanings)]
        if operation.id == "NetworkCreate":
            used += _list_namesakes(owners, child(document, "body"), meanings, use.findings)
        foreign += [one for owner, one in used if owner not in owners.names]
        if used and text(child(document, "identity"), "user").startswith(DOOR_PREFIX):
            facts["owners"] = [*dict.fromkeys(owner or OPERATORS for owner, _ in used)]
    else:
        foreign += _list_unseen(operation, document)
    if foreign:
        facts["foreign"] = foreign
    if _MAKES in operation.looks_up:
        labels = map(to_object, _list_labels(owners, document, meanings))
        facts["ownerLabels"] = [{**one, "label": owners.wanted_label} for one in labels]
    return {**facts}


def _describe_image_label(owners: OwnerNames, document: Mapping[str, JSON], meanings: Meanings) -> dict[str, JSON]:
    """`ownerLabels` where a container of an operator would take the label of its image, and be another user's."""
    body = child(document, "body")
    if document["operation"] != "ContainerCreate" or owners.label in child(body, "Labels"):
        return {}
    with located("Image"):
        image = meanings.inspect("image", text(body, "Image"), "Image")
        owner = text(child(child(image.shown, "Config"), "Labels"), owners.label) if image is not None else ""
    if owner in ("", *owners.names):
        return {}
    return {"ownerLabels": [{"value": False, "label": owners.wanted_label, "at": f"Labels.{owners.label}"}]}


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


def _list_used(
    owners: OwnerNames, operation: Operation, document: Mapping[str, JSON], meanings: Meanings
) -> Iterator[tuple[str, JSON]]:
    """Each object with its owner; but for a predefined network, which is everybody's."""
    seen: set[tuple[str, str]] = set()
    waiting = [*_list_named(operation, document)]
    meanings.gather(waiting)
    for named in waiting:
        if (named.kind, named.name) in seen:
            continue
        seen.add((named.kind, named.name))
        refuse_unclear(named)
        if named.kind == "volume" and TEMPLATE in named.name:
            name = f"{shorten_name(named.name)}, a name that swarm makes later,"
            yield "", {"kind": named.kind, "name": name, "owner": "another user as well", "at": named.at}
            continue
        for one in meanings.find(named) if named.name else ():
            if one.kind == "network" and one.name in PREDEFINED:
                continue
            owner = find_owner_of(one, owners, meanings, named.at)
            # As the request names it: an ID must not tell the caller the name, or what is mounted there.
            shown, name = shorten_name(owner) or OPERATORS, shorten_name(named.name)
            yield owner, {"kind": one.kind, "name": name, "owner": shown, "at": named.at}
            if owner in owners.names and isinstance(one, ExistingContainer) and operation.looks_up:
                # Who uses it is in the namespaces of those that it joins, and in its volumes.
                waiting += [Named("container", joined, named.at) for joined in one.joined.values()]
                yield from _list_reached(owners, one, named.at, meanings)


def _list_unseen(operation: Operation, document: Mapping[str, JSON]) -> Iterator[JSON]:
    """Each object whose owner the daemon cannot be asked for."""
    for named in _list_named(operation, document):
        if named.name and not (named.kind == "network" and named.name in PREDEFINED):
            kind = "container" if named.kind == "exec" else named.kind
            yield {"kind": kind, "name": shorten_name(named.name), "owner": _UNASKED, "at": named.at}


def _list_namesakes(
    owners: OwnerNames, body: Mapping[str, JSON], meanings: Meanings, findings: ObjectFindings
) -> Iterator[tuple[str, JSON]]:
    """Networks with the name of a new one, which dockerd makes before 25.0 unless it is asked to check.

    No request can name either of them then (docker-facts 8.12). One that has gone since the list was read may have been
    made anew. `findings`: gets the one that is made.
    """
    name, others = text(body, "Name"), meanings.objects.pending
    if others is not None:
        made = OwnedUse(frozenset({(f"network {name}", text(child(body, "Labels"), owners.label))}))
        if not others.allows(made):
            shown: JSON = {"kind": "network", "name": shorten_name(name), "owner": _MAKING, "at": "Name"}
            yield _MAKING, shown
        findings.add_use(made, others)
    with located("Name"):
        listed = () if flag(body, "CheckDuplicate") else meanings.objects.list_all("network")
    # A list lacks labels.
    ids = [text(one, "Id") for one in listed if text(one, "Name") == name]
    there = (meanings.inspect("network", id, "Name") or meanings.inspect("network", name, "Name") for id in ids)
    for one in filter(None, there):
        owner = text(one.labels, owners.label)
        whose = shorten_name(owner) or OPERATORS
        yield owner, {"kind": "network", "name": shorten_name(name), "owner": whose, "at": "Name"}


def _list_reached(
    owners: OwnerNames, container: ExistingContainer, at: str, meanings: Meanings
) -> Iterator[tuple[str, JSON]]:
    """What a container has that is another's by its label: volumes, and networks that a start looks up by name.

    A volume without the label dockerd may have made for it. A network that is gone may be another's when dockerd looks.
    Where this node is no manager of its swarm, dockerd shows no network of the swarm that no container here is on.
    """
    for name in (mount.name for mount in container.mounts if mount.type == "volume"):
        owner = find_owner(name, owners.label, meanings, at) or ""
        if owner not in ("", *owners.names):
            yield owner, {"kind": "volume", "name": shorten_name(name), "owner": shorten_name(owner), "at": at}
    for name in (name for name, id in container.networks.items() if not id and name not in PREDEFINED):
        found = {text(one.labels, owners.label) for one in meanings.find(Named("network", name, at))}
        for owner in sorted((found or {_UNSHOWN}) - {"", *owners.names}):
            shown: JSON = {"kind": "network", "name": shorten_name(name), "owner": shorten_name(owner), "at": at}
            yield owner if found else "", shown


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


def _prunes_own(owners: OwnerNames, document: Mapping[str, JSON]) -> bool:
    """Whether filters keep a prune to one of the caller's names: labels must all hold, and other filters narrow."""
    query = cast("dict[str, tuple[str, ...]]", document["query"])
    try:
        labels = load_strict_object(find_first(query, "filters").encode()).get("label")
    except ValueError:
        return False
    wanted = {f"{owners.label}={name}" for name in owners.names} if "=" not in owners.label else set()
    return isinstance(labels, list | dict) and any(label in wanted for label in labels if isinstance(label, str))


def _find_kind(operation: Operation) -> ObjectKind | None:
    return next((kind for begin, kind in _KINDS.items() if operation.path.startswith(begin)), None)
