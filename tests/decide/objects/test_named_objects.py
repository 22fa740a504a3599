"""The objects that a request names, as operations.json asks for them."""

from typing import Any

import pytest

from portero.decide.objects import named_objects
from portero.decide.objects.named_objects import Named
from tests.cases import cases
from tests.decide.objects.test_existing_objects import (
    judge,
)

PLAIN = {"operation": "ContainerStart", "path": {}, "query": {}, "facts": {}, "body": None}
__all__ = ["judge"]  # a fixture


def find(looks_up: str, **document: Any) -> list[Named]:
    return [*named_objects.find_named({**PLAIN, **document}, [looks_up])]


def update(**body: Any) -> dict[str, Any]:
    return {"operation": "ContainerUpdate", "path": {"id": "web"}, "body": body}


ROLLBACK = {"path": {"id": "web"}, "query": {"rollback": ["previous"]}}
ON_FAILURE = {"body": {"UpdateConfig": {"FailureAction": "rollback"}}}
WEB, SERVICE = Named("container", "web", "path.id"), Named("service", "web", "path.id")


@pytest.mark.parametrize(("looks_up", "document", "named"), cases(__file__, "names.jsonl"), ids=str)
def test_a_request_names(looks_up: str, document: dict[str, Any], named: list[list[Any]]) -> None:
    assert find(looks_up, **document) == [Named(*one) for one in named]


def test_containers_are_those_of_volumes_from_and_of_namespaces() -> None:
    facts = {
        "volumesFrom": [{"container": "data", "at": "HostConfig.VolumesFrom[0]"}],
        "namespaces": {
            "pid": {"container": "/web", "at": "HostConfig.PidMode"},
            "ipc": {"container": None, "at": "HostConfig.IpcMode"},
        },
    }

    assert find("containers", facts=facts) == [
        Named("container", "data", "HostConfig.VolumesFrom[0]"),
        Named("container", "web", "HostConfig.PidMode"),
    ]


def test_volumes_have_names_and_networks_are_not_those_that_only_dockerd_makes() -> None:
    mounts = [
        {"type": "volume", "source": "data", "at": "a"},
        {"type": "volume", "source": None, "at": "b"},
        {"type": "bind", "source": "/srv", "at": "c"},
    ]
    names = ["", "default", "bridge", "host", "none", "docker_gwbridge", "ingress", "app"]
    networks = [{"name": name, "at": "n"} for name in names]

    assert find("volumes", facts={"mounts": mounts}) == [Named("volume", "data", "a")]
    assert [named.name for named in find("networks", facts={"networks": networks})] == [
        "docker_gwbridge",
        "ingress",
        "app",
    ]
