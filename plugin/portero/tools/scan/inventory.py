"""Everything that exists at a daemon of this host.

Only reading requests are made. A daemon that does not answer is an error (Unreachable).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote, urlsplit

from portero.decide.values.dataclass import dataclass
from portero.decide.values.errors import Fault
from portero.decide.values.json_fields import JSON, child, objects, text, to_list, to_object
from portero.decide.values.spelling import make_printable
from portero.observe.dockerd.api import EngineApi
from portero.observe.host.sockets import DEFAULT_SOCKETS

_UNIX = "unix://"
# A list of thousands of containers is long.
_MAX_ANSWER_BYTES = 1 << 28

# Yields the items, and may show a progress bar.
ShowProgress: TypeAlias = Callable[[Sequence[str], str], Iterator[str]]


class Unreachable(Fault):
    """One sentence: why the daemon cannot be read."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """What exists. `tasks`: the service behind each container that swarm made; `execs`: by container.

    `plugins`: managed plugins, enabled or not.
    """

    info: Mapping[str, JSON]
    containers: Sequence[JSON]
    services: Sequence[JSON]
    volumes: Sequence[JSON]
    networks: Sequence[JSON]
    tasks: Mapping[str, str]
    execs: Mapping[str, Sequence[JSON]]
    plugins: Sequence[JSON] = ()

    @property
    def sees_services(self) -> bool:
        """Whether services are listed: only a manager knows them."""
        return _is_manager(self.info)


@dataclass(frozen=True, slots=True)
class ScannedDaemon:
    """The daemon at a socket of this host."""

    api: EngineApi

    @classmethod
    def at(cls, socket: Path | None, environ: Mapping[str, str]) -> "ScannedDaemon":
        """The daemon at this socket; without one, the daemon that docker commands use (DOCKER_HOST)."""
        address = str(socket) if socket else environ.get("DOCKER_HOST") or f"{_UNIX}{DEFAULT_SOCKETS[0]}"
        if "://" in address and not address.startswith(_UNIX):
            host = urlsplit(address).netloc.rpartition(":")[0] or urlsplit(address).netloc or "HOST"
            raise Unreachable(
                f"DOCKER_HOST is {make_printable(address)}, and scan reads the files of the daemon's host too: run "
                f"ssh {make_printable(host)} portero scan"
            )
        return cls(EngineApi(address.removeprefix(_UNIX), _MAX_ANSWER_BYTES))

    def read_inventory(self, show_progress: ShowProgress) -> Inventory:
        """Everything that exists now, without what is removed meanwhile."""
        try:
            return self._read_inventory(show_progress)
        except OSError as error:
            why = f"{error.strerror or type(error).__name__}; name the daemon's socket with --docker-host"
            raise Unreachable(f"{_UNIX}{self.api.address}: {why}") from error
        except ValueError as error:
            raise Unreachable(f"dockerd: {error}") from error

    def _read_inventory(self, show_progress: ShowProgress) -> Inventory:
        info = self.api.get("/info")
        listed = objects({"Containers": self.api.get_list("/containers/json?all=1")}, "Containers")
        ids = [text(each, "Id") for each in listed]
        containers = [*self._inspect_each("/containers", show_progress(ids, "containers"))]
        execs = {
            text(each, "Id"): [*self._inspect_each("/exec", map(str, to_list(each.get("ExecIDs"))))]
            for each in containers
        }
        manager = _is_manager(info)
        return Inventory(
            info=info,
            containers=containers,
            services=self.api.get_list("/services") if manager else [],
            volumes=to_list(self.api.get("/volumes").get("Volumes")),
            networks=self.api.get_list("/networks"),
            tasks=_list_task_services(self.api.get_list("/tasks") if manager else []),
            execs=execs,
            plugins=self.api.get_list("/plugins"),
        )

    def _inspect_each(self, kind: str, ids: Iterable[str]) -> Iterator[dict[str, JSON]]:
        found = (self.api.find(f"{kind}/{quote(id, safe='')}/json") for id in ids)
        return (each for each in found if each is not None)


def _is_manager(info: Mapping[str, JSON]) -> bool:
    return to_object(info.get("Swarm")).get("ControlAvailable") is True


def _list_task_services(tasks: Sequence[JSON]) -> dict[str, str]:
    """As swarm reports it: every user can set a label."""
    shown = objects({"Tasks": [*tasks]}, "Tasks")
    made = ((text(child(child(task, "Status"), "ContainerStatus"), "ContainerID"), task) for task in shown)
    return {container: text(task, "ServiceID") for container, task in made if container}
