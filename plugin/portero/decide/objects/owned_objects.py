"""Ownership: which objects that a request names belong to others, and whether a new one gets an owner.

Where the site value `ownership` names a label, a container, volume, network or service belongs to the user in that
label, or to the group behind the prefix `group:`; one without the label is the operators'. In: the request document,
the daemon's objects, who asks. Out: the facts `foreign` and `ownerLabel` among `objects`.
"""

from collections.abc import Iterator, Mapping
from typing import cast

from portero.decide.interfaces.daemon import ObjectKind
from portero.decide.interfaces.existing import ExistingContainer
from portero.decide.objects.meanings import Meanings, located
from portero.decide.objects.named_objects import PREDEFINED, Named, find_named, refuse_unclear, shorten_name
from portero.decide.reading.routes import Operation
from portero.decide.values.dataclass import dataclass
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
    owners: OwnerNames, operation: Operation, document: Mapping[str, JSON], meanings: Meanings | None
) -> dict[str, JSON]:
    """`foreign` and `ownerLabel`; raises Refused (lookup-failed) where the daemon does not answer.

    `meanings`: None where the daemon cannot be asked, as with PORTERO_LOOKUPS=off: whose an object is stays unknown.
    """
    foreign: list[JSON] = []
    if operation.id in _OF_ALL:
        foreign.append({"kind": "all", "name": "what this reaches", "owner": "everybody", "at": "path"})
    if meanings is not None:
        foreign += _list_foreign(owners, operation, document, meanings)
    facts: dict[str, JSON] = {"foreign": foreign} if foreign else {}
    if operation.id in _MAKES:
        owner = child(child(document, "body"), "Labels").get(owners.label)
        facts["ownerLabel"] = {"value": owner in owners.names, "at": f"Labels.{owners.label}"}
    return facts


def may_concern(operation: Operation) -> bool:
    """Whether an operation names objects, or makes one."""
    return bool(operation.looks_up) or operation.id in _MAKES | _OF_ALL or _find_kind(operation) is not None


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
        if named.kind == "volume" and _TEMPLATE in named.name:
            name = f"{shorten_name(named.name)}, a name that swarm makes later,"
            yield {"kind": named.kind, "name": name, "owner": "another user as well", "at": named.at}
            continue
        for one in meanings.find(named) if named.name else ():
            if isinstance(one, ExistingContainer) and operation.looks_up:
                # Who uses it is in the namespaces of those that it joins.
                waiting += [Named("container", joined, named.at) for _, joined in one.list_joined()]
            with located(named.at):
                owner = text(one.labels, owners.label)
            if owner not in owners.names and not (one.kind == "network" and one.name in PREDEFINED):
                shown = shorten_name(owner) or "the operators"
                name = shorten_name(one.name or named.name)
                yield {"kind": one.kind, "name": name, "owner": shown, "at": named.at}


def _list_named(operation: Operation, document: Mapping[str, JSON]) -> Iterator[Named]:
    path = cast("dict[str, str]", document["path"])
    if (kind := _find_kind(operation)) is not None:
        parameter = "name" if kind == "volume" else "id"
        yield Named(kind, path[parameter].removeprefix("/"), f"path.{parameter}")
    if operation.id == "ImageCommit":
        yield from find_named(document, ("container",))
    if operation.id in ("NetworkConnect", "NetworkDisconnect"):
        yield Named("container", text(child(document, "body"), "Container").removeprefix("/"), "Container")
    if operation.looks_up or operation.id in _MAKES:
        yield from find_named(document, _IN_BODY)
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
