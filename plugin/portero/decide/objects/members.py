"""Containers and services as members of the memory of writers: what dockerd shows of one in, its resources out."""

from collections.abc import Iterable, Iterator, Mapping

from portero.decide.interfaces.daemon import Objects
from portero.decide.interfaces.existing import ExistingContainer
from portero.decide.interfaces.host import HostMoment
from portero.decide.interfaces.member import EVERYWHERE, Member, State
from portero.decide.interfaces.pending_requests import Source
from portero.decide.objects.named_objects import shorten_name
from portero.decide.objects.nested_sources import list_of_service, opens_root
from portero.decide.values.dataclass import replace
from portero.decide.values.docker_names import is_id
from portero.decide.values.json_fields import child, flag, objects, text
from portero.decide.values.json_types import JSON

# Types of mounts that no two containers share.
_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - no file of Portero
_HOSTS = ("host", None)


def make_started(container: ExistingContainer, host: HostMoment, existing: Objects) -> Member:
    """A container that is asked to start."""
    is_first = container.state in ("", "created")
    return replace(make_member(container, host, existing), state="starting" if is_first else "restarting")


def make_asking_member(name: str, document: Mapping[str, JSON], sources: Iterable[Source], host: HostMoment) -> Member:
    """A service that is asked for, which has these host paths; its tasks start without a request."""
    facts = child(document, "facts")
    volumes = [
        (f"volume {text(mount, 'source')}", flag(mount, "writable"))
        for mount in objects(facts, "mounts")
        if text(mount, "type") == "volume" and text(mount, "source")
    ]
    networks = [("network host", True) for network in objects(facts, "networks") if text(network, "name") == "host"]
    resources = [*_name_resources(sources, host), *volumes, *networks]
    return _make_member(f"service {name}", f"service {name}", resources, "starting")


def make_member(container: ExistingContainer, host: HostMoment, existing: Objects) -> Member:
    """From what docker inspect shows, or the list with its HostConfig."""
    volumes = [(f"volume {mount.name}", mount.writable) for mount in container.mounts if mount.is_shared_volume]
    joined = [(space, True) for space in _list_namespaces(container, existing)]
    own = (f"namespace {container.id}", True)
    resources = [*_name_resources(container.sources, host), *volumes, *joined, own]
    return _make_member(container.id, find_name(container), resources)


def _list_namespaces(container: ExistingContainer, existing: Objects) -> Iterator[str]:
    """The namespaces that a container shares, as resources."""
    for mode, host in (("NetworkMode", "network host"), ("PidMode", EVERYWHERE), ("IpcMode", _SHARED_MEMORY)):
        if container.modes[mode] == "host":
            yield host
        elif (name := container.joined.get(mode)) is not None:
            # dockerd keeps a whole ID, but for what was not there.
            is_whole = is_id(name)
            yield f"namespace {name if is_whole else text(existing.inspect('container', name) or {}, 'Id') or name}"


def make_service(service: Mapping[str, JSON], host: HostMoment) -> Member:
    spec = child(service, "Spec")
    volumes, networks = list[tuple[str, bool]](), list[tuple[str, bool]]()
    for each in (spec, child(service, "PreviousSpec")):
        template = child(each, "TaskTemplate")
        for mount in objects(child(template, "ContainerSpec"), "Mounts"):
            if text(mount, "Type") == "volume" and text(mount, "Source"):
                volumes.append((f"volume {text(mount, 'Source')}", not flag(mount, "ReadOnly")))
        # Of the task and, from older clients, of the service; by ID or by name: each that may be the host's.
        joined = (*objects(template, "Networks"), *objects(each, "Networks"))
        networks += [("network host", True) for network in joined if host.network(text(network, "Target")) in _HOSTS]
    resources = [*_name_resources(list_of_service(service, host), host), *volumes, *networks]
    name = f"service {text(spec, 'Name')}"
    return _make_member(name, shorten_name(name), resources, "runs")


def _make_member(id: str, name: str, resources: Iterable[tuple[str, bool]], state: State = "rests") -> Member:
    shared = [*resources]
    shares = frozenset(resource for resource, _ in shared)
    writes = frozenset(resource for resource, writable in shared if writable)
    return Member(id, name, shares, shares if shares == writes else writes, state=state)


def _name_resources(sources: Iterable[Source], host: HostMoment) -> Iterator[tuple[str, bool]]:
    """The folders under all their names: no two meet in a regular file, and root needs no descriptor."""
    for source in sources:
        passage = host.find_passage(source.path)
        names = {source.path, passage.resolved or source.path, *passage.names}
        if passage.kind != "file" and not any(map(opens_root, names)):
            yield from ((name, source.writable) for name in names)


def find_name(container: ExistingContainer) -> str:
    return shorten_name(container.name or container.id)
