"""Builds with BuildKit: over /grpc and /session, and in a builder of buildx.

A plugin sees none of such a build, so the fact is what dockerd itself refuses to all of them. Where /grpc is refused
buildx starts a builder of its own, whatever the message was (measured with buildx 0.29): it asks for the container
buildx_buildkit_NAME and pulls moby/buildkit, so these requests have the fact, too.
"""

from collections.abc import Mapping

from portero.host.view import HostMoment
from portero.types import JSON

# The names of buildx (driver/docker-container/factory.go and driver.go, bkimage/bkimage.go).
_CONTAINER = "buildx_buildkit_"
_IMAGE = ("docker.io", "moby/buildkit")


def read_connection(host: HostMoment) -> dict[str, JSON]:
    """The facts of Grpc and Session."""
    return _make_fact("operation", host)


def read_inspect(path: Mapping[str, str], host: HostMoment) -> dict[str, JSON]:
    """The facts of ContainerInspect; {} for a container that is no builder."""
    return _make_fact("path.id", host) if path.get("id", "").lstrip("/").startswith(_CONTAINER) else {}


def read_pull(image: JSON, host: HostMoment) -> dict[str, JSON]:
    """The facts of a pull; {} for another image than BuildKit's."""
    is_builder = isinstance(image, dict) and (image["registry"], image["repository"]) == _IMAGE
    return _make_fact("?fromImage", host) if is_builder else {}


def _make_fact(at: str, host: HostMoment) -> dict[str, JSON]:
    return {"buildkit": {"entitlements": host.daemon().entitlements, "at": at}}
