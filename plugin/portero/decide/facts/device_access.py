"""Whether dockerd itself may open device nodes, for what has it open files that others made, and what to do instead.

A build, an image and an archive hold nodes. A container moves one in the way of a file between dockerd's look at the
file and its open (docker-facts 9.12). One that was only created can be started in between, so that none is safe. In its
store containerd does it for a commit, and so for the steps of a classic build.
"""

from collections.abc import Mapping

from portero.decide.interfaces.host import DeviceAccess, HostMoment
from portero.decide.values.docker_names import is_id
from portero.decide.values.json_types import JSON

_ELSEWHERE = "build on a separate machine, push, and docker pull here"
_COPIES: Mapping[str, str] = {
    "ContainerArchive": "`docker exec {} tar -cC FOLDER FILE | tar -x`",
    "PutContainerArchive": "`tar -c FILE | docker exec -i {} tar -xC FOLDER`",
    "ContainerExport": "`docker exec {} tar -cC / FOLDER > FILE`",
}


def read_built(at: str, host: HostMoment, *, commits: bool = False) -> dict[str, JSON]:
    """The fact of what builds, loads, imports or commits."""
    return _make_fact(at, _ELSEWHERE, host.device_access(commits=commits))


def read_copied(operation_id: str, path: Mapping[str, str], host: HostMoment) -> dict[str, JSON]:
    """The fact of what copies files out of a container, or into it."""
    container = path.get("id", "").lstrip("/")
    # As command lines show it.
    return _make_fact(
        "path.id",
        _COPIES[operation_id].format(container[:12] if is_id(container) else container),
        host.device_access(),
    )


def _make_fact(at: str, instead: str, access: DeviceAccess) -> dict[str, JSON]:
    return {"deviceAccess": {"value": access, "instead": instead, "at": at}}
