"""What exists for a trial: at the daemon of this host, and the containers that clients of the stand-in made.

In: the daemon's sockets, looked at once (nothing is changed there, and nothing is kept), and the stand-in's state. Out:
what docker inspect would show. Of what was made here only containers are known, and volumes with an owner: other
volumes and networks do not exist yet, and their requests are judged themselves.
"""

import errno
import os
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from http import HTTPStatus

from portero.decide.decision import Decision, Violation
from portero.decide.interfaces.daemon import ListedKind, ObjectKind, StillObjects
from portero.decide.values.dataclass import dataclass, field, replace
from portero.decide.values.docker_names import COMPOSE_PROJECT, COMPOSE_SERVICE
from portero.decide.values.json_fields import JSON, child, text
from portero.decide.values.refusals import Refused
from portero.decide.values.spelling import count_things
from portero.observe.dockerd.api import SECONDS, TimedRequests
from portero.observe.dockerd.asking_daemon import AskingDaemon
from portero.observe.lookups.followed_daemon import FollowedDaemon
from portero.observe.lookups.lookup import DaemonObjects
from portero.tools.standin import inspection
from portero.tools.standin.objects import Container, State

_WANTED = dict.fromkeys(("Id", "Names", "Labels", "State", "Mounts", "HostConfig"))


@dataclass(frozen=True, slots=True)
class HostObjects:
    """`silent`: why the daemon could not be asked; empty where it answered, or nothing listens there."""

    daemon: DaemonObjects | None = None
    shown: Mapping[str, JSON] = field(default_factory=dict)
    containers: Sequence[Mapping[str, JSON]] = ()
    services: Iterable[Mapping[str, JSON]] = ()
    silent: str = ""

    @property
    def note(self) -> str:
        """For people: whether the containers of the host were looked at; empty where there is no daemon."""
        if self.daemon is not None:
            return f"judged beside the {count_things(len(self.containers), 'container')} of this host"
        return f"not judged beside the containers of this host: {self.silent}" if self.silent else ""

    def list_all(self, kind: ListedKind, replaced: frozenset[tuple[str, str]]) -> Iterable[Mapping[str, JSON]]:
        """`replaced`: projects and services whose containers Compose removes for those that it makes."""
        if kind == "container":
            return [each for each in self.containers if _find_service(child(each, "Labels")) not in replaced]
        return self.services if kind == "service" else ()

    def list_of(self, services: Collection[tuple[str, str]]) -> Sequence[Mapping[str, JSON]]:
        """The containers of services of Compose projects, as the daemon lists them."""
        return [each for each in self.containers if _find_service(child(each, "Labels")) in services]

    def inspect(self, kind: ObjectKind, name: str) -> Mapping[str, JSON] | None:
        """As Objects.inspect, the daemon asked anew; raises Refused (lookup-failed)."""
        lookup = None if self.daemon is None else self.daemon.new_lookup(lambda: None)
        return None if lookup is None else lookup.inspect(kind, name)


NO_OBJECTS = HostObjects()


def list_host_objects(addresses: Sequence[str]) -> HostObjects:
    """What exists at the daemon that answers at the first of these sockets that is there, within two seconds."""
    there = next(filter(os.path.lexists, addresses), None)
    if there is None:
        return NO_OBJECTS
    if not os.access(there, os.R_OK | os.W_OK):
        return HostObjects(silent=f"{there}: {os.strerror(errno.EACCES)}")
    daemon, status, began = DaemonObjects(lambda asking: [there], find_followed=_follow_nothing), None, time.monotonic()
    try:
        lookup = daemon.new_lookup(lambda: None)
        listed = TimedRequests([there], None).get_lists("/containers/json?all=1", _WANTED)
        status, containers = next(listed, (None, []))
        if status not in (None, HTTPStatus.OK):
            return HostObjects(silent=f"{there}: answered with status {status}")
        if lookup is not None and status is not None:
            seen = HostObjects(daemon, lookup.info(), containers, lookup.list_all("service"))
            seen.list_of(())  # labels of another type are refused now
            return seen
    except Refused:
        pass
    if time.monotonic() - began >= SECONDS:
        return HostObjects(silent=f"{there}: no answer within {SECONDS:g} seconds")
    missing = "answer" if status is None else "show its containers, services and /info"
    return HostObjects(silent=f"{there}: dockerd does not {missing}")


def _follow_nothing(asking: AskingDaemon | None) -> FollowedDaemon:
    followed = FollowedDaemon()
    followed.connections.close()
    return followed


def _find_service(labels: Mapping[str, JSON]) -> tuple[str, str]:
    return text(labels, COMPOSE_PROJECT), text(labels, COMPOSE_SERVICE)


# What is looked up of them.
KINDS = ("container", "containers", "sources", "volumes", "networks", "vouching", "owner")
_EXISTING = "existing-container"
_DEFAULT_INFO: Mapping[str, JSON] = {"CgroupVersion": "2", "LoggingDriver": "json-file", "DefaultRuntime": "runc"}


@dataclass(frozen=True, slots=True)
class ProjectObjects(StillObjects):
    """`made`: the IDs of the containers that were made before, None: all. `host`: what exists beside them.

    `label`: of owners; a volume that was made with it is there, since whose it is counts for who mounts it.
    `assumed`: names that were not made here; `of_host`: containers of the host that were looked at.
    """

    state: State
    made: Collection[str] | None = None
    host: HostObjects = NO_OBJECTS
    assumed: set[str] = field(default_factory=set)
    of_host: set[str] = field(default_factory=set)
    label: str = ""

    def inspect(self, kind: ObjectKind, name: str) -> Mapping[str, JSON] | None:
        """A container that was not made here is the host's; where that is unknown, it counts as existing and plain."""
        labels = child(self.state.volumes[name], "Labels") if kind == "volume" and name in self.state.volumes else {}
        if self.label in labels:
            return {"Name": name, "Driver": "local", "Labels": labels}
        container = self.state.find_container(name) if kind == "container" else None
        if container is not None and container.id in self.state.containers:
            return inspection.describe(container)
        if self.host.daemon is not None:
            shown = self.host.inspect(kind, name)
            if kind == "container" and shown is not None:
                self.of_host.add(name)
            return shown
        if container is None:
            return None
        self.assumed.add(name)
        return inspection.describe(container)

    def list_all(self, kind: ListedKind) -> Sequence[Mapping[str, JSON]]:
        all_made = self.state.containers.values() if kind == "container" else ()
        made = [_name_by_service(each) for each in all_made if self.made is None or each.id in self.made]
        return [*made, *self.host.list_all(kind, frozenset(self.state.replaced))]

    def info(self) -> Mapping[str, JSON]:
        return self.host.shown or _DEFAULT_INFO


def _name_by_service(container: Container) -> Mapping[str, JSON]:
    """A container in a list; people know that of a service by the name in their file."""
    service = str(container.labels.get(COMPOSE_SERVICE) or container.name)
    return {**inspection.summarize_container(container), "Names": [f"/{service}"]}


def drop_causes_named_elsewhere(decision: Decision, existing: ProjectObjects) -> Decision:
    """The decision without what requests that made a container were refused for themselves.

    A container of the host is no service of the file: its remedy is in the words of docker.
    """
    if existing.of_host:
        return replace(decision, violations=tuple(map(_drop_remedy_of_services, decision.violations)))
    violations = tuple(one for one in decision.violations if one.rule != _EXISTING)
    suggested = decision.suggestion
    if suggested is not None:
        suggested = replace(suggested, still=tuple(rule for rule in suggested.still if rule != _EXISTING))
    return replace(decision, violations=violations, suggestion=suggested)


def _drop_remedy_of_services(violation: Violation) -> Violation:
    docker = {"docker": violation.remedy.get("docker", "")}
    return replace(violation, remedy=docker) if violation.rule == _EXISTING else violation
