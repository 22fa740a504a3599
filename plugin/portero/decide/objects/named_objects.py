"""The existing objects that a request names: a request document in, kind, name and place of each out.

dockerd takes a name for the beginning of an ID when no object has that name. A user who renames or removes the object
of that name after the lookup then gets the other one, so the others that a name can come to mean are listed, too.
Measured: a privileged container started so within 0.4 s.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast

from portero.decide.facts.driver import LOCAL
from portero.decide.facts.networks import find_taken, list_attachments
from portero.decide.interfaces.daemon import ListedKind, ObjectKind, Objects, may_begin_network_id
from portero.decide.reading.uri import find_first
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import as_object, child, objects, text
from portero.decide.values.json_types import JSON
from portero.decide.values.refusals import Refused
from portero.decide.values.spelling import make_printable

_SPEC = "TaskTemplate.ContainerSpec"
# Networks of these names cannot be made.
PREDEFINED = ("", "default", "bridge", "host", "none")
_NO_PARTS = frozenset({"", ".", ".."})
_MAX_NAME_LENGTH = 64
_OF_SWARM = frozenset({"service", "secret", "config"})
# Where an update says what comes when its tasks fail.
FAILURE = "UpdateConfig.FailureAction"
_SHARED = ("NetworkMode", "PidMode", "IpcMode")
_BEGINS_CONTAINER_ID = re.compile(r"[0-9a-f]{1,63}")
_BEGINS_SERVICE_ID = re.compile(r"[0-9a-z]{1,24}")
# No user can make an object whose ID begins with so many given characters.
_SURE = 12
# The beginning of an ID as command lines show it: of a swarm (25 characters), or of a local network.
_LOOKS_LIKE_ID = re.compile(r"[0-9a-z]{12,24}|[0-9a-f]{25,63}")
_NEW: Mapping[JSON, ObjectKind] = {
    "NetworkCreate": "network",
    "ServiceCreate": "service",
    "SecretCreate": "secret",
    "ConfigCreate": "config",
}
_LISTED: Mapping[str, ListedKind] = {"container": "container", "network": "network", "service": "service"}


@dataclass(frozen=True, slots=True)
class Named:
    """An object that a request names, and where."""

    kind: ObjectKind
    name: str
    at: str


def shorten_name(name: str) -> str:
    """The name of an object or an owner, as reasons have it."""
    return make_printable(name)[:_MAX_NAME_LENGTH]


def read_name(kind: ObjectKind, reported: Mapping[str, JSON]) -> str:
    """The name of an object, from what docker inspect shows of it."""
    return text(child(reported, "Spec") if kind in _OF_SWARM else reported, "Name").removeprefix("/")


def refuse_unclear(named: Named) -> None:
    """Raises Refused for a container that is named as the link of another one, and a network that none can look up."""
    if named.kind == "container" and "/" in named.name:
        raise Refused("container-alias", named.at)
    # What the router of dockerd cleans is redirected, no route has a line feed, and a last slash stays
    # (docker-facts 8.9).
    parts = named.name.removesuffix("/").split("/")
    if named.kind == "network" and ("\n" in named.name or not _NO_PARTS.isdisjoint(parts)):
        raise Refused("network-name", named.at)


def find_named(document: Mapping[str, JSON], looks_up: Sequence[str]) -> Iterator[Named]:
    """All of them; `looks_up` as in operations.json."""
    for kind in looks_up:
        if (find_kind := _FINDERS.get(kind)) is not None:
            yield from find_kind(document)


def _find_container(document: Mapping[str, JSON]) -> Iterator[Named]:
    id = _find_path_id(document)
    if id is not None and not _ends_restarts_only(document):
        yield Named("container", id, "path.id")
    query = cast(dict[str, list[str]], document["query"])
    if id is None and (name := find_first(query, "container")):  # the container of a commit
        yield Named("container", name.removeprefix("/"), "?container")


def _ends_restarts_only(document: Mapping[str, JSON]) -> bool:
    """Whether it is `docker update --restart no`, which always passes; the command line sends zeros for the rest."""
    if document["operation"] != "ContainerUpdate":
        return False
    body = as_object(document["body"] or {}, "")
    others = [value for name, value in body.items() if name != "RestartPolicy"]
    return text(child(body, "RestartPolicy"), "Name") == "no" and not any(others)


def find_former(document: Mapping[str, JSON]) -> tuple[str, str]:
    """What of a service an update brings back, at once or when its tasks fail, and where it says so; "": nothing."""
    if find_first(cast(dict[str, list[str]], document["query"]), "rollback") == "previous":
        return "PreviousSpec", "path.id"
    action = text(child(child(document, "body"), "UpdateConfig"), "FailureAction")
    return ("Spec", FAILURE) if action == "rollback" else ("", "")


def _find_rollback(document: Mapping[str, JSON]) -> Iterator[Named]:
    former, at = find_former(document)
    if former:
        yield Named("service", _find_path_id(document) or "", at)


def _find_containers(document: Mapping[str, JSON]) -> Iterator[Named]:
    facts = child(document, "facts")
    spaces = [as_object(space, name) for name, space in child(facts, "namespaces").items()]
    for named in (*objects(facts, "volumesFrom"), *spaces):
        if container := text(named, "container"):
            yield Named("container", container.removeprefix("/"), text(named, "at"))


def _find_volumes(document: Mapping[str, JSON]) -> Iterator[Named]:
    for mount in objects(child(document, "facts"), "mounts"):
        if text(mount, "type") == "volume" and (source := text(mount, "source")):
            yield Named("volume", source, text(mount, "at"))


def _find_networks(document: Mapping[str, JSON]) -> Iterator[Named]:
    facts = child(document, "facts")
    if copied := text(child(facts, "network"), "configFrom"):
        yield Named("network", copied, "ConfigFrom.Network")
    for network in objects(facts, "networks"):
        name = text(network, "name")
        if name not in PREDEFINED:
            yield Named("network", name, text(network, "at"))


def _find_configs(document: Mapping[str, JSON]) -> Iterator[Named]:
    return list_configs(as_object(document["body"] or {}, ""))


def list_configs(spec: Mapping[str, JSON]) -> Iterator[Named]:
    """The secrets and configs of a service, by the IDs that alone count."""
    container = child(child(spec, "TaskTemplate"), "ContainerSpec")
    kinds: Mapping[str, ObjectKind] = {"Secret": "secret", "Config": "config"}
    for name, kind in kinds.items():
        for index, reference in enumerate(objects(container, f"{name}s")):
            if id := text(reference, f"{name}ID"):
                yield Named(kind, id, f"{_SPEC}.{name}s[{index}]")


def list_of_service(spec: Mapping[str, JSON]) -> Iterator[Named]:
    """What a service uses by its settings: secrets, configs, volumes and networks."""
    yield from list_configs(spec)
    container = child(child(spec, "TaskTemplate"), "ContainerSpec")
    for index, mount in enumerate(objects(container, "Mounts")):
        if text(mount, "Type") == "volume" and (source := text(mount, "Source")):
            yield Named("volume", source, f"{_SPEC}.Mounts[{index}]")
    for network, at in list_attachments(spec):
        if (name := text(network, "Target")) not in PREDEFINED:
            yield Named("network", name, at)


def _find_path_id(document: Mapping[str, JSON]) -> str | None:
    return cast(dict[str, str], document["path"]).get("id")


_FINDERS: Mapping[str, Callable[[Mapping[str, JSON]], Iterator[Named]]] = {
    "container": _find_container,
    "exec": lambda document: iter((Named("exec", _find_path_id(document) or "", "path.id"),)),
    "rollback": _find_rollback,
    "containers": _find_containers,
    "volumes": _find_volumes,
    "networks": _find_networks,
    "configs": _find_configs,
}


def describe_new(document: Mapping[str, JSON], objects: Objects) -> dict[str, JSON]:
    """Of a new volume or network: `takenId`, and `dockerParent`."""
    parent = text(child(child(document, "facts"), "network"), "parent")
    return _describe_taken_id(document, objects) | find_parent(parent, objects)


def _describe_taken_id(document: Mapping[str, JSON], objects: Objects) -> dict[str, JSON]:
    """`takenId`, where a new name begins the ID of another object: dockerd then takes that ID for the new one."""
    kind, name = _NEW[document["operation"]], text(child(document, "body"), "Name")
    if _LOOKS_LIKE_ID.fullmatch(name) is None:
        return {}
    try:
        other = objects.inspect(kind, name)
        is_taken = other is not None and _read_id(other).startswith(name)
    except Refused as refused:
        raise Refused("lookup-failed", "Name") from refused
    return {"takenId": {"value": True, "at": "Name"}} if is_taken else {}


def find_parent(parent: str, objects: Objects) -> dict[str, JSON]:
    """`dockerParent`, where a network's parent is a bridge, or a VLAN on it, that another network has by name."""
    if not parent:
        return {}
    try:
        bridges = find_taken(objects.list_all("network")).interfaces
    except Refused as refused:
        raise Refused("lookup-failed", "Options") from refused
    is_taken = any(f"{parent}.".startswith(f"{bridge}.") for bridge in bridges)
    return {"dockerParent": {"value": True, "at": "Driver"}} if is_taken else {}


def list_others(kind: str, name: str, reported: Mapping[str, JSON], objects: Objects) -> Iterator[Mapping[str, JSON]]:
    """What docker inspect shows of each other object whose ID begins with the name."""
    listed = _LISTED.get(kind)
    id = _read_id(reported)
    if listed is None or not _may_begin_id(listed, name) or (id.startswith(name) and len(name) >= _SURE):
        return
    for other in map(_read_id, objects.list_all(listed)):
        if other != id and other.startswith(name) and (shown := objects.inspect(listed, other)) is not None:
            yield shown


def list_joined(container: Mapping[str, JSON]) -> Iterator[Named]:
    """The containers whose namespaces it shares."""
    for mode in _SHARED:
        kind, _, name = text(child(container, "HostConfig"), mode).partition(":")
        if kind == "container" and name:
            yield Named("container", name.removeprefix("/"), f"HostConfig.{mode}")


def list_volumes(container: Mapping[str, JSON]) -> Iterator[Named]:
    """Its volumes of the local driver."""
    for index, mount in enumerate(objects(container, "Mounts")):
        if text(mount, "Type") == "volume" and text(mount, "Driver") == LOCAL:
            yield Named("volume", text(mount, "Name"), f"Mounts[{index}]")


def _may_begin_id(kind: ListedKind, name: str) -> bool:
    if kind == "network":
        return may_begin_network_id(name)
    return (_BEGINS_CONTAINER_ID if kind == "container" else _BEGINS_SERVICE_ID).fullmatch(name) is not None


def _read_id(reported: Mapping[str, JSON]) -> str:
    return text(reported, "Id") or text(reported, "ID")
