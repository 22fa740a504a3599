"""Everything that a daemon holds, asked with the Python package docker (the extra `scan`).

Only reading requests are made. A daemon that does not answer is an error (Unreachable).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portero.dockerd.api import TIMEOUT_SECONDS
from portero.dockerd.unix_http import UnixConnection
from portero.values.json_fields import to_object
from portero.values.json_types import JSON

_UNIX = ("unix://", "http+unix://")
_MISSING = "scan needs the Python package docker: install portero with its extra `scan`"

# Hands the items on, one by one, and may show how far it is.
Shown = Callable[[Sequence[str], str], Iterator[str]]


class Unreachable(Exception):
    """One sentence: why the daemon cannot be read."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """What there is. `tasks`: the service behind each container that swarm made; `execs`: by container.

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
    """A daemon that answers. `is_local`: it listens on this host, whose files are then its files."""

    client: Any
    is_local: bool

    @classmethod
    def at(cls, socket: Path | None) -> "ScannedDaemon":
        """The one at this socket; without one, the one that docker's own clients would ask (DOCKER_HOST)."""
        docker = _docker()
        options = {"base_url": f"unix://{socket}"} if socket else docker.utils.kwargs_from_env()
        address = str(options.get("base_url", docker.constants.DEFAULT_UNIX_SOCKET))
        is_local = address.startswith(_UNIX)
        try:
            if is_local:
                _knock("/" + address.partition("://")[2].lstrip("/"))
            client = docker.APIClient(version="auto", timeout=TIMEOUT_SECONDS, **options)
        except (docker.errors.DockerException, OSError) as error:
            raise Unreachable(f"{address}: {_reason(error)}; name the daemon's socket with --docker-host") from error
        return cls(client, is_local)

    def inventory(self, shown: Shown) -> Inventory:
        """All that it holds now; what goes away meanwhile is left out. It is asked but once."""
        errors = _docker().errors
        try:
            return self._inventory(shown, errors.NotFound)
        except (errors.DockerException, OSError) as error:
            raise Unreachable(f"dockerd: {_reason(error)}") from error
        finally:
            self.client.close()

    def _inventory(self, shown: Shown, gone: type[Exception]) -> Inventory:
        info = self.client.info()
        ids = [container["Id"] for container in self.client.containers(all=True)]
        containers = [*self._each(self.client.inspect_container, shown(ids, "containers"), gone)]
        execs = {
            each["Id"]: [*self._each(self.client.exec_inspect, iter(each.get("ExecIDs") or []), gone)]
            for each in containers
        }
        manager = _is_manager(info)
        return Inventory(
            info=info,
            containers=containers,
            services=self.client.services() if manager else [],
            volumes=self.client.volumes().get("Volumes") or [],
            networks=self.client.networks(),
            tasks=_by_container(self.client.tasks() if manager else []),
            execs=execs,
            plugins=self.client.plugins(),
        )

    def _each(
        self, inspect: Callable[[str], dict[str, Any]], ids: Iterator[str], gone: type[Exception]
    ) -> Iterator[dict[str, Any]]:
        for id in ids:
            try:
                yield inspect(id)
            except gone:
                continue


def _knock(socket: str) -> None:
    """Raises OSError with the reason, which docker's own error would hide."""
    with closing(UnixConnection(socket, TIMEOUT_SECONDS)) as connection:
        connection.connect()


def _docker() -> Any:
    try:
        import docker  # type: ignore[import-untyped]  # an option, imported only when wanted
    except ImportError:
        raise Unreachable(_MISSING) from None
    return docker


def _is_manager(info: Mapping[str, JSON]) -> bool:
    return to_object(info.get("Swarm")).get("ControlAvailable") is True


def _by_container(tasks: Sequence[dict[str, Any]]) -> dict[str, str]:
    """As swarm reports it: every user can set a label."""
    made = ((task.get("Status", {}).get("ContainerStatus") or {}, task.get("ServiceID", "")) for task in tasks)
    return {status["ContainerID"]: service for status, service in made if status.get("ContainerID")}


def _reason(error: Exception) -> str:
    """The last cause in a chain of them, without the addresses in memory that libraries print."""
    inner: BaseException = error
    while inner.__context__ is not None:
        inner = inner.__context__
    return getattr(inner, "strerror", None) or type(inner).__name__
