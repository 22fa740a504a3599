"""The objects that a request names: kind, name and place, as operations.json asks for them."""

from typing import Any

import pytest

from portero.judging import named_objects
from portero.judging.named_objects import Named

PLAIN = {"operation": "ContainerStart", "path": {}, "query": {}, "facts": {}, "body": None}


def find(looks_up: str, **document: Any) -> list[Named]:
    return [*named_objects.find({**PLAIN, **document}, [looks_up])]


def test_a_container_is_named_in_the_path_or_in_the_query() -> None:
    assert find("container", path={"id": "web"}) == [Named("container", "web", "path.id")]
    assert find("container", query={"container": ["/web"]}) == [Named("container", "web", "?container")]
    assert find("container") == []


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"RestartPolicy": {"Name": "no"}, "Memory": 0}, []),
        ({"RestartPolicy": {"Name": "no"}, "Memory": 1}, ["web"]),
        ({"RestartPolicy": {"Name": "always"}}, ["web"]),
        ({}, ["web"]),
    ],
)
def test_an_update_that_only_ends_restarts_uses_nothing(body: Any, names: list[str]) -> None:
    found = find("container", operation="ContainerUpdate", path={"id": "web"}, body=body)
    assert [named.name for named in found] == names


def test_an_exec_and_the_service_of_a_rollback_are_named_in_the_path() -> None:
    assert find("exec", path={"id": "0123"}) == [Named("exec", "0123", "path.id")]
    assert find("rollback", path={"id": "web"}, query={"rollback": ["previous"]}) == [
        Named("service", "web", "path.id")
    ]
    assert find("rollback", path={"id": "web"}) == []


@pytest.mark.parametrize(("said", "rolls_back"), [(["previous", ""], True), (["", "previous"], False)])
def test_of_a_rollback_that_is_asked_for_twice_the_first_counts(said: list[str], rolls_back: bool) -> None:
    assert bool(find("rollback", path={"id": "web"}, query={"rollback": said})) is rolls_back


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


def test_a_network_that_takes_the_options_of_another_one_names_it() -> None:
    found = find("networks", facts={"network": {"configFrom": "old"}, "networks": []})
    assert found == [Named("network", "old", "ConfigFrom.Network")]
    assert find("networks", facts={"network": {"configFrom": ""}, "networks": []}) == []


def test_what_is_no_kind_of_name_is_left_to_others() -> None:
    assert find("sources", path={"id": "web"}) == find("image", path={"id": "web"}) == []
