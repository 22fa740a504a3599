"""An example becomes the request document of its operation, with its own words merged over the base request."""

import json
from pathlib import PurePath
from typing import Any

import pytest

from portero.policy.rule import Example, Rule
from portero.proof.examples import Examples
from portero.reading.routes import Routes
from portero.reading.shapes import Shapes
from portero.refusals import Refused
from tests.paths import SCHEMAS


@pytest.fixture(scope="module")
def examples() -> Examples:
    routes = Routes.load(json.loads((SCHEMAS / "operations.json").read_text()))
    base = {
        "ContainerCreate": {
            "query": {"name": ["web"]},
            "body": {"Image": "busybox", "User": "1", "HostConfig": {"CapDrop": ["ALL"], "Memory": 1}},
        },
        "ServiceCreate": {"body": {"Name": "web"}},
        "ServiceUpdate": {"path": {"id": "web"}, "bodyOf": "ServiceCreate"},
    }
    return Examples(base, {operation.id: operation for operation in routes.operations}, Shapes.load(SCHEMAS / "api"))


def document(examples: Examples, operation: str, changes: dict[str, Any]) -> dict[str, Any]:
    return examples.document(Example("docker ...", operation, changes))


def test_a_body_is_merged_over_the_base_body(examples: Examples) -> None:
    changes = {"body": {"User": None, "HostConfig": {"CapDrop": ["NET_RAW"]}, "Tty": True}}

    body = document(examples, "ContainerCreate", changes)["body"]

    assert body == {"Image": "busybox", "Tty": True, "HostConfig": {"CapDrop": ["NET_RAW"], "Memory": 1}}


def test_path_query_and_identity_are_merged_too(examples: Examples) -> None:
    changes = {"query": {"platform": ["linux"]}, "identity": {"user": "alice"}}

    request = document(examples, "ContainerCreate", changes)

    assert request["query"] == {"name": ["web"], "platform": ["linux"]}
    assert request["identity"] == {"user": "alice", "groups": [], "method": ""}
    assert (request["operation"], request["method"], request["apiVersion"]) == ("ContainerCreate", "POST", "1.45")


def test_a_body_may_be_that_of_another_operation(examples: Examples) -> None:
    request = document(examples, "ServiceUpdate", {})

    assert (request["path"], request["body"]) == ({"id": "web"}, {"Name": "web"})


def test_an_operation_without_a_base_request_gets_an_empty_one_of_its_shape(examples: Examples) -> None:
    requests = [
        document(examples, operation, {}) for operation in ("ContainerStart", "VolumeCreate", "PluginPull", "DebugVars")
    ]

    assert [(request["path"], request["body"], request["method"]) for request in requests] == [
        ({"id": "x"}, None, "POST"),
        ({}, {}, "POST"),
        ({}, [], "POST"),
        ({}, None, "POST"),
    ]


def test_the_host_of_an_example_is_seen_by_its_facts(examples: Examples) -> None:
    changes = {"body": {"HostConfig": {"Binds": ["/srv/link:/x"]}}, "host": {"links": {"/srv/link": "/etc"}}}

    mounts = document(examples, "ContainerCreate", changes)["facts"]["mounts"]

    assert [mount["paths"] for mount in mounts] == [["/srv/link", "/etc"]]


def test_a_body_that_docker_would_refuse_is_refused(examples: Examples) -> None:
    with pytest.raises(Refused) as refused:
        document(examples, "ContainerCreate", {"body": {"HostConfig": {"Privileged": "yes"}}})

    assert (refused.value.code, refused.value.at) == ("body-wrong-type", "HostConfig.Privileged")


def test_requests_come_in_the_order_of_the_file_with_their_kind(examples: Examples, written: dict[str, Any]) -> None:
    rule = Rule.of(PurePath("rules/x/y.json"), written)

    requests = [(kind, command, request["operation"]) for kind, command, request in examples.requests(rule)]

    assert requests == [
        ("allows", "docker run busybox", "ContainerCreate"),
        ("denies", "docker run --privileged busybox", "ContainerCreate"),
        ("denies", "docker exec --privileged web id", "ContainerExec"),
    ]
