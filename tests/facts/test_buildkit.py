"""A build with BuildKit, and the builder that buildx starts when one is refused."""

from collections.abc import Mapping

import pytest

from portero.facts import collect
from portero.host.fixed import FixedHost
from portero.types import JSON

OFF: Mapping[str, JSON] = {"builder": {"entitlements": {"network-host": False, "security-insecure": False}}}
BUILDER = "buildx_buildkit_default"


def found(
    operation: str, *, path: Mapping[str, str] | None = None, daemon: Mapping[str, JSON] | None = None, **query: str
) -> JSON:
    host = FixedHost({"daemon": dict(daemon or {})})
    facts = collect(operation, None, {name: (value,) for name, value in query.items()}, path or {}, host)
    return facts.get("buildkit")


@pytest.mark.parametrize("operation", ["Grpc", "Session"])
def test_the_connections_have_what_dockerd_refuses_to_builds(operation: str) -> None:
    assert found(operation) == {"entitlements": "on", "at": "operation"}
    assert found(operation, daemon=OFF) == {"entitlements": "off", "at": "operation"}


@pytest.mark.parametrize("name", [BUILDER, f"/{BUILDER}", "buildx_buildkit_mybuilder0"])
def test_so_has_the_container_that_buildx_asks_for(name: str) -> None:
    assert found("ContainerInspect", path={"id": name}) == {"entitlements": "on", "at": "path.id"}


@pytest.mark.parametrize("name", ["web", "my_buildx_buildkit_x", "other_buildx_buildkit_x", ""])
def test_another_container_has_not(name: str) -> None:
    assert found("ContainerInspect", path={"id": name}) is None


@pytest.mark.parametrize("image", ["moby/buildkit", "docker.io/moby/buildkit", "index.docker.io/moby/buildkit"])
def test_so_has_the_pull_of_its_image(image: str) -> None:
    assert found("ImageCreate", fromImage=image, tag="buildx-stable-1") == {"entitlements": "on", "at": "?fromImage"}


@pytest.mark.parametrize("image", ["busybox", "registry.example.com/moby/buildkit", ""])
def test_another_pull_has_not(image: str) -> None:
    assert found("ImageCreate", fromImage=image) is None
