"""The existing objects that a request names: a request document in, kind, name and place of each out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast

from portero.decide.facts.driver import LOCAL
from portero.decide.facts.networks import list_attachments
from portero.decide.interfaces.daemon import ObjectKind
from portero.decide.interfaces.existing import ExistingContainer
from portero.decide.reading.uri import find_first
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON, as_object, child, objects, text
from portero.decide.values.refusals import Refused

_SPEC = "TaskTemplate.ContainerSpec"
# Networks of these names cannot be made.
PREDEFINED = ("", "default", "bridge", "host", "none")
_NO_PARTS = frozenset({"", ".", ".."})
# Where an update says what comes when its tasks fail.
FAILURE = "UpdateConfig.FailureAction"


@dataclass(frozen=True, slots=True)
class Named:
    """An object that a request names, and where."""

    kind: ObjectKind
    name: str
    at: str


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
    "configs": lambda document: list_configs(as_object(document["body"] or {}, "")),
}


def list_of_container(container: ExistingContainer) -> Iterator[Named]:
    """What a container uses by its settings: volumes of the local driver, networks, the containers that it joins.

    dockerd looks up networks, and the container behind a namespace, anew at each start: a network by its ID once the
    container has been on it, before by its name.
    """
    for index, mount in enumerate(container.mounts):
        if mount.type == "volume" and mount.driver == LOCAL:
            yield Named("volume", mount.name, f"Mounts[{index}]")
    for name, id in container.networks.items():
        if name not in PREDEFINED:
            is_mode = name == container.modes["NetworkMode"]
            at = "HostConfig.NetworkMode" if is_mode else "NetworkingConfig.EndpointsConfig[*]"
            yield Named("network", id or name, at)
    for mode, name in container.joined.items():
        yield Named("container", name, f"HostConfig.{mode}")
