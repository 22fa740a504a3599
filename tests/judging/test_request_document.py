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


def build(body: JSON, *unknown: str) -> dict[str, Any]:
    (operation,) = [operation for operation in ROUTES.operations if operation.id == "ContainerCreate"]
    return request_document.build(
        operation=operation,
        version="1.45",
        path={},
        query={"name": ("web",)},
        identity={"user": "alice"},
        canonical=Canonical(body, unknown),
        host=HOST,
    )


def test_the_parts_are_those_of_the_schema() -> None:
    described = json.loads((SCHEMAS / "request.json").read_text())["properties"]

    document = build({"Image": "busybox"})

    assert document.keys() == described.keys()
    assert document["query"] == {"name": ["web"]}
    assert document["identity"]["user"] == "alice"


def test_facts_are_taken_from_body_and_host() -> None:
    document = build({"Image": "busybox", "HostConfig": {"Binds": ["/srv/link:/x"]}})

    (mount,) = document["facts"]["mounts"]
    assert mount["paths"] == ["/srv/link", "/etc"]


def test_unknown_fields_are_listed_by_where_they_are() -> None:
    assert build({}, "HostConfig.Privleged")["facts"]["unknownFields"] == [{"at": "HostConfig.Privleged"}]
    assert "unknownFields" not in build(None)["facts"]


def test_a_changed_body_has_its_own_facts_and_keeps_the_rest() -> None:
    document = build({"Image": "busybox", "HostConfig": {"Privileged": True}}, "Extra")
    body: dict[str, JSON] = {"Image": "busybox", "HostConfig": {"Privileged": False}}

    changed: Any = request_document.rebuild(document | {"body": body}, HOST)

    assert document["facts"]["privileged"]["value"] is True
    assert changed["facts"]["privileged"]["value"] is False
    assert changed["facts"]["unknownFields"] == [{"at": "Extra"}]
    assert changed["operation"] == "ContainerCreate"
