"""The containers that clients of the stand-in made, as existing objects by which further requests are judged.

In: the stand-in's state. Out: what docker inspect would show. Only containers are known: images, volumes and networks
of a project do not exist yet, and their requests are judged themselves.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from portero.host.creation import Creations
from portero.host.member import Members
from portero.host.view import ListedKind, ObjectKind
from portero.standin import inspection
from portero.standin.objects import Container, State
from portero.values.json_types import JSON

# What is looked up of them.
KINDS = ("container", "containers", "sources")


@dataclass(frozen=True, slots=True)
class ProjectObjects:
    """`made`: the IDs of the containers that were made before, None: all. `assumed`: names that nobody made here."""

    state: State
    made: Collection[str] | None = None
    assumed: set[str] = field(default_factory=set)

    @property
    def members(self) -> Members | None:
        """None: nothing runs."""
        return None

    @property
    def creations(self) -> Creations | None:
        """None: they are made one after the other."""
        return None

    @property
    def since(self) -> int:
        """All of them count."""
        return 0

    def look_again(self) -> bool:
        return False

    def inspect_briefly(self, kind: ObjectKind, name: str) -> Mapping[str, JSON] | None:
        return self.inspect(kind, name)

    def inspect(self, kind: ObjectKind, name: str) -> Mapping[str, JSON] | None:
        """A container that was not made here counts as existing and plain; of other kinds there is nothing."""
        if kind != "container":
            return None
        container = self.state.container(name)
        if container.id not in self.state.containers:
            self.assumed.add(name)
        return inspection.describe(container)

    def list_all(self, kind: ListedKind) -> Sequence[Mapping[str, JSON]]:
        return [_name_by_service(each) for each in self._list_made()] if kind == "container" else []

    def info(self) -> Mapping[str, JSON]:
        return {"CgroupVersion": "2", "LoggingDriver": "json-file", "DefaultRuntime": "runc"}

    def _list_made(self) -> list[Container]:
        return [each for each in self.state.containers.values() if self.made is None or each.id in self.made]


def _name_by_service(container: Container) -> Mapping[str, JSON]:
    """A container in a list; people know that of a service by the name in their file."""
    service = str(container.labels.get("com.docker.compose.service") or container.name)
    return {**inspection.summarize(container), "Names": [f"/{service}"]}
