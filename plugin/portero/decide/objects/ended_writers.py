"""Folders that a container could write which has ended, while another one can hold a descriptor of them.

In: dockerd's lists of containers and services, and what the memory of writers makes of them. Out: a sighting, which it
follows when the request is allowed; the folders that containers can still write without a mount of them, as sources to
compare with those of a request.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from portero.decide.interfaces.daemon import Objects
from portero.decide.interfaces.effects import Source
from portero.decide.interfaces.existing import NAMESPACES, ContainerList, ExistingContainer
from portero.decide.interfaces.host import HostMoment
from portero.decide.interfaces.member import EVERYWHERE, NO_RESOURCES, UNKNOWN, Member, Members, Sighting, State
from portero.decide.objects.nested_sources import list_of_service, opens_root
from portero.decide.values.dataclass import replace
from portero.decide.values.docker_names import is_id
from portero.decide.values.json_fields import JSON, child, flag, objects, text
from portero.decide.values.refusals import Refused
from portero.decide.values.spelling import shorten_name

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
    volumes, networks = [], []
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


# Each other state, of a later engine too, is one in which it may run.
_RESTS = ("exited", "dead", "")
# Of a container that was there before Portero, the namespaces are asked for, of so many in one request.
_MAX_INSPECTED = 32
# Since when what can hold something runs is asked for, of so many in one request.
_MAX_RUNS = 8
# So many may be silent, since they hang in a start.
_MAX_SILENT = 2


def follow_lists(
    containers: Iterable[Mapping[str, JSON]],
    services: Iterable[Mapping[str, JSON]],
    host: HostMoment,
    existing: Objects,
    members: Members,
) -> Sighting:
    """What these lists show beside what the memory knows, with those that can hold what has ended."""
    listed, unknown, silent = ContainerList.of(containers).by_id, 0, 0

    def read(id: str, member: Member | None) -> Member | None:
        nonlocal unknown, silent
        container = ExistingContainer.read(listed[id])
        name = find_name(container)
        state: State = "new" if container.state == "created" else "rests" if container.state in _RESTS else "runs"
        if member is None or UNKNOWN in member.shares:
            # A list of the picture has them of what it read alone.
            needs_inspect = not container.host_config.keys() >= {*NAMESPACES}
            unknown += needs_inspect
            shown: Mapping[str, JSON] | None = container.shown
            if needs_inspect and unknown <= _MAX_INSPECTED and silent < _MAX_SILENT:
                try:
                    shown = existing.inspect_briefly("container", id)
                except Refused:
                    silent += 1
            if shown is None:
                return None
            whole = ExistingContainer.read({**container.shown, "HostConfig": shown["HostConfig"]})
            member = make_member(whole, host, existing)
            if shown is container.shown and needs_inspect:
                member = replace(member, shares=member.shares | {UNKNOWN})
        if member.held or (member.name, member.state) != (name, state):
            member = replace(member, name=name, state=state, held=NO_RESOURCES, run="")
        return member

    # Most are as they were; making them anew takes its time where there are many.
    sighting = members.follow(listed, [make_service(service, host) for service in services], read)
    holders = {**sighting.holders}
    # Of others a later request asks: who was started again meanwhile is taken for a holder all the longer.
    for one in [one for one in holders.values() if one.state == "runs" and not one.run][:_MAX_RUNS]:
        with suppress(Refused):
            holders[one.id] = replace(one, run=_find_run(one, existing))
    return replace(sighting, holders=holders)


def list_held(holders: Iterable[Member]) -> list[Source]:
    """The folders that they can still write."""
    return [
        Source(resource, True, f"container {member.name}, which can still write for one that is gone,")
        for member in holders
        for resource in sorted(member.held)
        if resource.startswith("/")
    ]


def drop_restarted(sighting: Sighting, existing: Objects) -> Sighting:
    """The same with what they still hold: a restart since drops what no other one can have given again."""
    counts = Counter(resource for member in sighting.holders.values() for resource in member.held)
    still: dict[str, Member] = {}
    for id, member in sighting.holders.items():
        alone = frozenset(resource for resource in member.held if member.run and counts[resource] == 1)
        is_restarted = alone and _find_run(member, existing) not in ("", member.run)
        still[id] = replace(member, held=member.held - alone) if is_restarted else member
    return replace(sighting, holders=still)


def _find_run(member: Member, existing: Objects) -> str:
    """Since when it runs, as dockerd says now: a restart policy needs no request; "": it is gone."""
    return text(child(existing.inspect_briefly("container", member.id) or {}, "State"), "StartedAt")
