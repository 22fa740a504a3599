"""A host of plain data whose daemon can be asked: `objects` beside the parts that examples have."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from portero.decide.interfaces.daemon import ListedKind, ObjectKind, StillObjects
from portero.decide.interfaces.effects import Pending
from portero.decide.interfaces.member import Members
from portero.decide.values.json_fields import JSON
from portero.observe.dockerd.finder import AskingDaemons
from portero.observe.host import fixed_host


@dataclass(frozen=True, slots=True)
class FixedObjects(StillObjects):
    """By kind and name, what docker inspect shows."""

    by_name: Mapping[str, Mapping[str, Mapping[str, JSON]]]
    since: int = 1_767_225_600  # 2026-01-01
    members: Members | None = None
    pending: Pending | None = None

    def inspect(self, kind: ObjectKind, name: str) -> Mapping[str, JSON] | None:
        return self.by_name.get(kind, {}).get(name)

    def list_all(self, kind: ListedKind) -> Sequence[Mapping[str, JSON]]:
        return [{**shown, "Names": [f"/{name}"]} for name, shown in self.by_name.get(kind, {}).items()]

    def info(self) -> Mapping[str, JSON]:
        of_node = {"Name": "host-1", "Swarm": {"NodeID": "n" * 25}}
        return {"CgroupVersion": "2", "LoggingDriver": "json-file", "DefaultRuntime": "runc", **of_node}


@dataclass(slots=True)
class FixedLookups:
    """Of a daemon that is asked for no network, and shows no object."""

    asking: AskingDaemons = field(default_factory=AskingDaemons)
    new_names: Callable[[Any], Callable[[str], str | None]] = lambda find_daemon: lambda name: None
    new_objects: Callable[[Any], Any] = lambda find_daemon: None


class FixedHost(fixed_host.FixedHost):
    """{"objects": {"volume": {"data": {"Driver": "local"}}}}; without it no object is looked up."""

    def __init__(self, data: Mapping[str, JSON] | None = None) -> None:
        parts = dict(data or {})
        objects = cast("Mapping[str, Mapping[str, Mapping[str, JSON]]] | None", parts.pop("objects", None))
        super().__init__(parts)
        self._objects = None if objects is None else FixedObjects(objects)

    def objects(self) -> FixedObjects | None:
        return self._objects
