"""Everything that exists at a daemon, read with the Python package docker (the extra `scan`).

Only reading requests are made. A daemon that does not answer is an error (Unreachable).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

from portero.decide.values.dataclass import dataclass
from portero.decide.values.errors import Fault
from portero.decide.values.json_fields import JSON, to_object
from portero.decide.values.spelling import make_printable
from portero.observe.dockerd.api import TIMEOUT_SECONDS
from portero.observe.dockerd.unix_http import UnixConnection

_UNIX = "unix://"
_MISSING = "scan needs the Python package docker: install portero with its extra `scan` (docs/scan.md)"

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
    """A daemon that answers. `is_local`: it listens on this host, so this host has its files."""

    client: Any
    is_local: bool

    @classmethod
    def at(cls, socket: Path | None) -> "ScannedDaemon":
        """The daemon at this socket; without one, the daemon that docker commands use (DOCKER_HOST)."""
        docker = _import_docker()
        options = {"base_url": f"unix://{socket}"} if socket else docker.utils.kwargs_from_env()
        address = str(options.get("base_url", docker.constants.DEFAULT_UNIX_SOCKET)).removeprefix("http+")
        is_local = address.startswith(_UNIX)
        try:
            if is_local:
                _check_socket("/" + address.partition("://")[2].lstrip("/"))
            client = docker.APIClient(version="auto", timeout=TIMEOUT_SECONDS, **options)
        except (docker.errors.DockerException, OSError) as error:
            raise Unreachable(
                f"{address}: {_find_reason(error)}; name the daemon's socket with --docker-host"
            ) from error
        return cls(client, is_local)

    def read_inventory(self, show_progress: ShowProgress) -> Inventory:
        """Everything that exists now, without what is removed meanwhile; closes the connection."""
        errors = _import_docker().errors
        try:
            return self._read_inventory(show_progress, errors.NotFound)
        except (errors.DockerException, OSError) as error:
            raise Unreachable(f"dockerd: {_find_reason(error)}") from error
        finally:
            self.client.close()

    def _read_inventory(self, show_progress: ShowProgress, missing: type[Exception]) -> Inventory:
        info = self.client.info()
        ids = [container["Id"] for container in self.client.containers(all=True)]
        containers = [*self._inspect_each(self.client.inspect_container, show_progress(ids, "containers"), missing)]
        execs = {
            each["Id"]: [*self._inspect_each(self.client.exec_inspect, iter(each.get("ExecIDs") or []), missing)]
            for each in containers
        }
        manager = _is_manager(info)
        return Inventory(
            info=info,
            containers=containers,
            services=self.client.services() if manager else [],
            volumes=self.client.volumes().get("Volumes") or [],
            networks=self.client.networks(),
            tasks=_list_task_services(self.client.tasks() if manager else []),
            execs=execs,
            plugins=self.client.plugins(),
        )

    def _inspect_each(
        self, inspect: Callable[[str], dict[str, Any]], ids: Iterator[str], missing: type[Exception]
    ) -> Iterator[dict[str, Any]]:
        for id in ids:
            try:
                yield inspect(id)
            except missing:
                continue


def _check_socket(socket: str) -> None:
    """Connect once: OSError has the reason, which the error of the docker package hides."""
    with closing(UnixConnection(socket, TIMEOUT_SECONDS)) as connection:
        connection.connect()


def _import_docker() -> Any:
    try:
        import docker  # type: ignore[import-untyped]  # an option, imported only when wanted
    except ImportError:
        raise Unreachable(_MISSING) from None
    return docker


def _is_manager(info: Mapping[str, JSON]) -> bool:
    return to_object(info.get("Swarm")).get("ControlAvailable") is True


def _list_task_services(tasks: Sequence[dict[str, Any]]) -> dict[str, str]:
    """As swarm reports it: every user can set a label."""
    statuses = ((task.get("Status", {}).get("ContainerStatus") or {}, task.get("ServiceID", "")) for task in tasks)
    return {status["ContainerID"]: service for status, service in statuses if status.get("ContainerID")}


def _find_reason(error: Exception) -> str:
    """What dockerd says, or the last cause in a chain of them, without the addresses in memory that libraries print."""
    if said := getattr(error, "explanation", None):
        return make_printable(" ".join(str(said).split()))
    inner: BaseException = error
    while inner.__context__ is not None:
        inner = inner.__context__
    return getattr(inner, "strerror", None) or type(inner).__name__
