"""The request document: its parts, and the facts of a body that was changed."""

import json
from typing import Any

from portero.host.fixed import FixedHost
from portero.judging import request_document
from portero.reading.canonical import Canonical
from portero.reading.routes import Routes
from portero.types import JSON
from tests.paths import SCHEMAS

ROUTES = Routes.load(json.loads((SCHEMAS / "operations.json").read_text()))
HOST = FixedHost({"links": {"/srv/link": "/etc"}})


def built(body: JSON, *unknown: str) -> dict[str, Any]:
    (operation,) = [operation for operation in ROUTES.operations if operation.id == "ContainerCreate"]
    return request_document.build(
        operation, "1.45", {}, {"name": ("web",)}, {"user": "alice"}, Canonical(body, unknown), HOST
    )


def test_the_parts_are_those_of_the_schema() -> None:
    described = json.loads((SCHEMAS / "request.json").read_text())["properties"]

    document = built({"Image": "busybox"})

    assert document.keys() == described.keys()
    assert document["query"] == {"name": ["web"]}
    assert document["identity"]["user"] == "alice"


def test_facts_are_taken_from_body_and_host() -> None:
    document = built({"Image": "busybox", "HostConfig": {"Binds": ["/srv/link:/x"]}})

    (mount,) = document["facts"]["mounts"]
    assert mount["paths"] == ["/srv/link", "/etc"]


def test_unknown_fields_are_listed_by_where_they_are() -> None:
    assert built({}, "HostConfig.Privleged")["facts"]["unknownFields"] == [{"at": "HostConfig.Privleged"}]
    assert "unknownFields" not in built(None)["facts"]


def test_a_changed_body_has_its_own_facts_and_keeps_the_rest() -> None:
    document = built({"Image": "busybox", "HostConfig": {"Privileged": True}}, "Extra")
    body: dict[str, JSON] = {"Image": "busybox", "HostConfig": {"Privileged": False}}

    changed: Any = request_document.again(document | {"body": body}, HOST)

    assert document["facts"]["privileged"]["value"] is True
    assert changed["facts"]["privileged"]["value"] is False
    assert changed["facts"]["unknownFields"] == [{"at": "Extra"}]
    assert changed["operation"] == "ContainerCreate"
