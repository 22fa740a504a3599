"""The containers that clients of the stand-in made, as existing objects by which further requests are judged.

In: the stand-in's state, and what exists on this host. Out: what docker inspect would show. Of what was made here only
containers are known: volumes and networks do not exist yet, and their requests are judged themselves.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from portero.decision import Decision, Violation
from portero.host.member import Creations, Members
from portero.host.view import ListedKind, ObjectKind, Objects
from portero.standin import inspection
from portero.standin.host_objects import NO_OBJECTS, HostObjects
from portero.standin.objects import Container, State
from portero.values.json_types import JSON

# What is looked up of them.
KINDS = ("container", "containers", "sources", "volumes", "networks")
_EXISTING = "existing-container"
_DEFAULT_INFO: Mapping[str, JSON] = {"CgroupVersion": "2", "LoggingDriver": "json-file", "DefaultRuntime": "runc"}


class StillObjects(Objects, Protocol):
    """Of what exists for a command nothing runs, and nothing changes meanwhile: all that is made counts, in turn."""

    __slots__ = ()
    members: Members | None = None
    creations: Creations | None = None
    since: int = 0

    def look_again(self) -> bool:
        return False

    def inspect_briefly(self, kind: ObjectKind, name: str) -> Mapping[str, JSON] | None:
        return self.inspect(kind, name)


@dataclass(frozen=True, slots=True)
class ProjectObjects(StillObjects):
    """`made`: the IDs of the containers that were made before, None: all. `host`: what exists beside them.

    `assumed`: names that nobody made here; `of_host`: containers of the host that were looked at.
    """

    state: State
    made: Collection[str] | None = None
    host: HostObjects = NO_OBJECTS
    assumed: set[str] = field(default_factory=set)
    of_host: set[str] = field(default_factory=set)

    def inspect(self, kind: ObjectKind, name: str) -> Mapping[str, JSON] | None:
        """A container that was not made here is the host's; where nobody can say, it counts as existing and plain."""
        container = self.state.container(name) if kind == "container" else None
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
    service = str(container.labels.get("com.docker.compose.service") or container.name)
    return {**inspection.summarize(container), "Names": [f"/{service}"]}


def drop_causes_named_elsewhere(decision: Decision, known: ProjectObjects) -> Decision:
    """The decision without what requests that made a container were refused for themselves.

    A container of the host is no service of the file: its remedy is in the words of docker.
    """
    if known.of_host:
        return replace(decision, violations=tuple(map(_drop_remedy_of_services, decision.violations)))
    kept = tuple(one for one in decision.violations if one.rule != _EXISTING)
    suggested = decision.suggestion
    if suggested is not None:
        suggested = replace(suggested, still=tuple(rule for rule in suggested.still if rule != _EXISTING))
    return replace(decision, violations=kept, suggestion=suggested)


def _drop_remedy_of_services(violation: Violation) -> Violation:
    docker = {"docker": violation.remedy.get("docker", "")}
    return replace(violation, remedy=docker) if violation.rule == _EXISTING else violation
