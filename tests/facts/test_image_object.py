"""What docker image inspect shows becomes `objects.image`, which keeps to schemas/request.json."""

import json
from typing import Any

import pytest

from portero.engine.reference import Reference
from portero.facts import image_object
from portero.refusals import Refused
from tests.paths import SCHEMAS

ID = f"sha256:{'a' * 64}"
DIGEST = f"sha256:{'b' * 64}"
FOUND: dict[str, Any] = {
    "Id": ID,
    "RepoTags": ["app:1", "registry.example.com/team/app:2", "<none>:<none>"],
    "RepoDigests": [f"registry.example.com/team/app@{DIGEST}", "<none>@<none>"],
    "Config": {
        "User": "10001:10001",
        "Volumes": {"/data": {}},
        "ExposedPorts": {"80/tcp": {}, "53/UDP": {}, "90": {}, "7000-7010/tcp": {}},
        "Healthcheck": {"Test": ["CMD", "true"]},
        "Labels": {"owner": "team"},
    },
}
REQUEST = json.loads((SCHEMAS / "request.json").read_text())


def failures(fact: Any) -> Any:
    schema = {**REQUEST["properties"]["objects"]["properties"]["image"], "$defs": REQUEST["$defs"]}
    return list(Reference().compile(schema, {}).failures(fact))


def test_an_image_is_described_by_its_names_and_its_configuration() -> None:
    fact: Any = image_object.make_fact(FOUND, "Image")

    assert [(one["registry"], one["repository"], one["tag"], one["digest"]) for one in fact["references"]] == [
        ("docker.io", "library/app", "1", None),
        ("registry.example.com", "team/app", "2", None),
        ("registry.example.com", "team/app", None, DIGEST),
    ]
    del fact["references"]
    assert fact == {
        "exists": True,
        "id": ID,
        "user": "10001:10001",
        "volumes": ["/data"],
        "exposedPorts": [
            {"port": 80, "protocol": "tcp"},
            {"port": 53, "protocol": "udp"},
            {"port": 90, "protocol": "tcp"},
            {"port": None, "protocol": "tcp"},
        ],
        "healthcheck": True,
        "labels": [{"name": "owner", "value": "team"}],
        "at": "Image",
    }


@pytest.mark.parametrize("found", [None, {}, {"Id": ID, "Config": None}, {"Id": ID, "RepoTags": None}, FOUND], ids=str)
def test_the_fact_keeps_to_the_schema_of_requests(found: Any) -> None:
    fact = image_object.make_fact(found, "Image")

    assert failures(fact) == []
    assert fact["exists"] is (found is not None)


@pytest.mark.parametrize("test", [[], ["NONE"], ["OTHER", "x"]], ids=str)
def test_a_health_check_that_never_runs_is_none(test: list[str]) -> None:
    assert image_object.make_fact({"Config": {"Healthcheck": {"Test": test}}}, "Image")["healthcheck"] is False


@pytest.mark.parametrize("config", [{"User": 7}, {"Labels": {"a": 1}}, {"Volumes": ["/x"]}], ids=str)
def test_what_docker_would_not_write_is_refused(config: Any) -> None:
    with pytest.raises(Refused):
        image_object.make_fact({"Config": config}, "Image")


@pytest.mark.parametrize(
    ("body", "found", "count"),
    [
        ({"HostConfig": {"PublishAllPorts": True}}, FOUND, 4),
        ({"HostConfig": {"PublishAllPorts": True}}, None, 0),
        ({"HostConfig": {"PublishAllPorts": True}, "ExposedPorts": {"80/tcp": {}, "81/tcp": {}}}, FOUND, 5),
        ({"HostConfig": {"PublishAllPorts": True, "PortBindings": {"80/tcp": [{}, {}]}}}, FOUND, 5),
    ],
    ids=str,
)
def test_the_ports_of_the_image_count_with_publish_all(body: Any, found: Any, count: int) -> None:
    assert image_object.publishes_all(body)
    assert image_object.count_ports(found, body) == {"value": count, "at": "HostConfig.PortBindings"}
