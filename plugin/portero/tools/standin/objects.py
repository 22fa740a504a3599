"""The objects that clients of the stand-in believe to have made.

A container or a service that no client made here counts as existing before, plain and running.
"""

import hashlib
import itertools
import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.json_fields import JSON, child, text
from portero.tools.standin.messages import Object

CREATED = "2026-01-01T00:00:00Z"
# What is the same in every object of a kind.
TEMPLATES: Mapping[str, Object] = json.loads(
    Path(__file__).with_name("object_templates.json").read_text(encoding="utf-8")
)
PREDEFINED = {"bridge": "bridge", "host": "host", "none": "null"}
_MIN_ID_LENGTH = 12
_SWARM_ID_LENGTH = 25


@dataclass(slots=True)
class Container:
    """A container of a create request; `attached`: a client reads its output, so it ends as soon as it has started."""

    id: str
    name: str
    body: Object
    status: Literal["created", "running", "paused", "exited"] = "created"
    attached: bool = False
    started: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def labels(self) -> Mapping[str, JSON]:
        return child(self.body, "Labels")

    @property
    def is_up(self) -> bool:
        return self.status in ("running", "paused")


class State:
    """The objects by ID (volumes by name), and the events.

    `replaced`: project and service of containers that Compose removes, where they exist, for those that it makes.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.containers: dict[str, Container] = {}
        self.networks: dict[str, Object] = {}
        self.volumes: dict[str, Object] = {}
        self.services: dict[str, Object] = {}
        self.secrets: dict[str, Object] = {}
        self.configs: dict[str, Object] = {}
        self.events: list[Object] = []
        self.replaced: set[tuple[str, str]] = set()
        self.last_call = time.monotonic()
        self._numbers = itertools.count(1)
        self._assumed: dict[str, Container] = {}
        for name, driver in PREDEFINED.items():
            self.add_network({"Name": name, "Driver": driver})

    def new_id(self) -> str:
        return make_id(f"portero {next(self._numbers)}")

    def is_quiet(self, seconds: float) -> bool:
        """Whether no request has come for these seconds."""
        return time.monotonic() - self.last_call > seconds

    def find_container(self, reference: str) -> Container:
        """The container of this name, ID or beginning of an ID; any other existed before."""
        name = reference.removeprefix("/")
        for each in self.containers.values():
            if name in (each.id, each.name) or (len(name) >= _MIN_ID_LENGTH and each.id.startswith(name)):
                return each
        if name not in self._assumed:
            assumed = Container(make_id(name), name, {"Image": "busybox"}, "running")
            assumed.started.set()
            self._assumed[name] = self._assumed[assumed.id] = assumed
        return self._assumed[name]

    def add_network(self, body: Object) -> str:
        """Adds the network of a create request and returns its ID."""
        name = text(body, "Name")
        id = make_id(f"network {name}")
        self.networks[id] = body
        return id

    def find_network_name(self, reference: str) -> str | None:
        for id, body in self.networks.items():
            if reference in (id, id[:_SWARM_ID_LENGTH], text(body, "Name")):
                return text(body, "Name")
        return None

    def start(self, container: Container) -> None:
        container.status = "running"
        container.ended.clear()
        container.started.set()
        self.add_event("start", container)

    def end(self, container: Container) -> None:
        """The container has ended with status 0, and is removed when it was made with --rm."""
        if container.status == "exited":
            return
        container.status = "exited"
        self.add_event("die", container)
        if child(container.body, "HostConfig").get("AutoRemove"):
            self.remove(container)
        container.ended.set()

    def remove(self, container: Container) -> None:
        if self.containers.pop(container.id, None):
            self.add_event("destroy", container)

    def add_event(self, action: str, container: Container) -> None:
        attributes = {**container.labels, "name": container.name, "image": text(container.body, "Image")}
        event: Object = {
            "Type": "container",
            "Action": action,
            "Actor": {"ID": container.id, "Attributes": attributes | {"exitCode": "0"}},
            "status": action,
            "id": container.id,
            "scope": "local",
            "time": int(time.time()),
            "timeNano": time.time_ns(),
        }
        self.events.append(event)


def make_id(seed: str) -> str:
    """64 hexadecimal digits, the same for the same seed."""
    return hashlib.sha256(seed.encode()).hexdigest()


def make_swarm_id(seed: str) -> str:
    """25 digits, as swarm's IDs have."""
    return make_id(seed)[:_SWARM_ID_LENGTH]
