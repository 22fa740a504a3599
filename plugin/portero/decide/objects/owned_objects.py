"""Ownership: which objects that a request names belong to others, and whether a new one gets an owner.

Where the site value `ownership` names a label, a container, volume, network or service belongs to the user in that
label, or to the group behind the prefix `group:`; one without the label is the operators'. In: the request document,
the daemon's objects, who asks. Out: the facts `foreign` and `ownerLabel` among `objects`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from portero.decide.interfaces.daemon import ObjectKind, Objects
from portero.decide.objects import named_objects
from portero.decide.objects.named_objects import (
    PREDEFINED,
    Named,
    list_joined,
    list_others,
    read_name,
    refuse_unclear,
    shorten_name,
)
from portero.decide.reading.routes import Operation
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import child, text, texts
from portero.decide.values.json_types import JSON
from portero.decide.values.refusals import Refused, locate_lookup

# By the beginning of an operation's path, up to its parameter.
_KINDS: Mapping[str, ObjectKind] = {
    "/containers/{id": "container",
    "/exec/{id": "exec",
    "/volumes/{name": "volume",
    "/networks/{id": "network",
    "/services/{id": "service",
}
_MAKES = frozenset({"ContainerCreate", "NetworkCreate", "ServiceCreate", "ServiceUpdate", "VolumeCreate"})
# They reach the objects of all users.
_OF_ALL = frozenset(
    {"BuildPrune", "ContainerPrune", "ImagePrune", "NetworkPrune", "TaskInspect", "TaskLogs", "VolumePrune"}
)
# Users and groups have separate names: a group must not own what is a user's of the same name.
_GROUP = "group:"
# Swarm fills in the name of a service's volume after this check, with any name.
_TEMPLATE = "{{"
_IN_BODY = ("containers", "volumes", "networks")


@dataclass(frozen=True, slots=True)
class OwnerNames:
    """The site's label, and the names under which the caller owns objects."""

    label: str
    names: frozenset[str]

    @classmethod
    def of(cls, site: Mapping[str, JSON], identity: Mapping[str, JSON]) -> "OwnerNames | None":
        """None where the site has no ownership, and for operators."""
        label = str(site.get("ownership") or "")
        user, groups = str(identity["user"]), cast("list[str]", identity["groups"])
        operators = (cast("list[str]", site[key]) for key in ("operators", "operator-groups"))
        if not label or any({*mine} & {*listed} for mine, listed in zip(([user], groups), operators, strict=True)):
            return None
        names = {user} if user and not user.startswith(_GROUP) else set()
        return cls(label, frozenset(names | {_GROUP + group for group in groups}))


def describe_owners(
    owners: OwnerNames, operation: Operation, document: Mapping[str, JSON], objects: Objects | None
) -> dict[str, JSON]:
    """`foreign` and `ownerLabel`; raises Refused (lookup-failed) where the daemon does not answer.

    `objects`: None where the daemon cannot be asked, as with PORTERO_LOOKUPS=off: whose an object is stays unknown.
    """
    foreign: list[JSON] = []
    if operation.id in _OF_ALL:
        foreign.append({"kind": "all", "name": "what this reaches", "owner": "everybody", "at": "path"})
    if objects is not None:
        foreign += _list_foreign(owners, operation, document, objects)
    facts: dict[str, JSON] = {"foreign": foreign} if foreign else {}
    if operation.id in _MAKES:
        owner = child(child(document, "body"), "Labels").get(owners.label)
        facts["ownerLabel"] = {"value": owner in owners.names, "at": f"Labels.{owners.label}"}
    return facts


def may_concern(operation: Operation) -> bool:
    """Whether an operation names objects, or makes one."""
    return bool(operation.looks_up) or operation.id in _MAKES | _OF_ALL or _find_kind(operation) is not None


def _list_foreign(
    owners: OwnerNames, operation: Operation, document: Mapping[str, JSON], objects: Objects
) -> Iterator[JSON]:
    seen: set[tuple[str, str]] = set()
    waiting = [*_list_named(operation, document)]
    for named in waiting:
        if (named.kind, named.name) in seen:
            continue
        seen.add((named.kind, named.name))
        refuse_unclear(named)
        if named.kind == "volume" and _TEMPLATE in named.name:
            name = f"{shorten_name(named.name)}, a name that swarm makes later,"
            yield {"kind": named.kind, "name": name, "owner": "another user as well", "at": named.at}
            continue
        try:
            kind, meanings = _list_meanings(named, objects)
            labels = [(one, _read_owner(kind, one, owners.label)) for one in meanings]
        except Refused as refused:
            raise locate_lookup(refused, named.at) from refused
        for one, owner in labels:
            if kind == "container" and operation.looks_up:  # who uses it is in the namespaces of those that it joins
                waiting += [Named("container", joined.name, named.at) for joined in list_joined(one)]
            name = read_name(kind, one)
            if owner not in owners.names and not (kind == "network" and name in PREDEFINED):
                shown = shorten_name(owner) or "the operators"
                yield {"kind": kind, "name": shorten_name(name or named.name), "owner": shown, "at": named.at}


def _list_named(operation: Operation, document: Mapping[str, JSON]) -> Iterator[Named]:
    path = cast("dict[str, str]", document["path"])
    if (kind := _find_kind(operation)) is not None:
        parameter = "name" if kind == "volume" else "id"
        yield Named(kind, path[parameter].removeprefix("/"), f"path.{parameter}")
    if operation.id == "ImageCommit":
        yield from named_objects.find_named(document, ("container",))
    if operation.id in ("NetworkConnect", "NetworkDisconnect"):
        yield Named("container", text(child(document, "body"), "Container").removeprefix("/"), "Container")
    if operation.looks_up or operation.id in _MAKES:
        yield from named_objects.find_named(document, _IN_BODY)
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


def _list_meanings(named: Named, objects: Objects) -> tuple[ObjectKind, Sequence[Mapping[str, JSON]]]:
    """What the name means now, and what it can come to mean; of an exec, its container."""
    kind, reported = named.kind, objects.inspect(named.kind, named.name) if named.name else None
    if kind == "exec" and reported is not None:
        kind, reported = "container", objects.inspect("container", text(reported, "ContainerID"))
    if reported is None:
        return kind, ()
    return kind, (reported, *(list_others(kind, named.name, reported, objects) if named.kind != "exec" else ()))


def _read_owner(kind: ObjectKind, reported: Mapping[str, JSON], label: str) -> str:
    holder = {"container": "Config", "service": "Spec"}.get(kind)
    return text(child(child(reported, holder) if holder else reported, "Labels"), label)
