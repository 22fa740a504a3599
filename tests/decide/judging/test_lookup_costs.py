"""What a request asks the daemon: list, ping, inspect and logs nothing, a start one question."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from portero.decide.interfaces.daemon import ListedKind, ObjectKind
from portero.decide.judging.judge import Judge
from portero.decide.values.json_fields import JSON
from tests.decide.objects.test_existing_objects import (
    LONG_AGO,
    NEW,
    READS,
    USES,
    container,
    create,
    decide,
    judge,
    volume,
)
from tests.observe.host.fixed_objects import FixedHost, FixedObjects

__all__ = ["judge"]  # a fixture

AGED = container("young", Binds=["/srv/movies:/m:ro"], mounts=({**READS, "Source": "/srv/movies"},))
AGED["Created"] = LONG_AGO
YOUNG = {**AGED, "Created": NEW}
LISTS = ["list", "list service"]
OBJECTS = {"container": {"plain": container("plain"), "young": YOUNG, "aged": AGED}, "volume": {"data": volume("data")}}


class CountingObjects(FixedObjects):
    """Notes each question. The daemon's version of control groups is not one: it is kept for a minute."""

    asked: list[str]

    def inspect(self, kind: ObjectKind, name: str) -> Mapping[str, JSON] | None:
        self.asked.append(f"{kind} {name}")
        return super().inspect(kind, name)

    def list_all(self, kind: ListedKind) -> Sequence[Mapping[str, JSON]]:
        self.asked.append("list" if kind == "container" else f"list {kind}")
        return super().list_all(kind)


class CountingHost(FixedHost):
    """A host that says which questions came."""

    def __init__(self, objects: Mapping[str, Any]) -> None:
        super().__init__()
        self.asked: list[str] = []
        self._objects = objects

    def objects(self) -> Any:
        found = CountingObjects(self._objects)
        object.__setattr__(found, "asked", self.asked)
        return found


def questions(judge: Judge, method: str, target: str, body: Any = None) -> list[str]:
    """What a request asks. An object asked for twice is looked up once (tests/observe/lookups/test_lookup.py)."""
    host = CountingHost(OBJECTS)
    decide(replace(judge, host=host), method, target, body)
    return [*dict.fromkeys(host.asked)]


OF_CONTAINERS = ("json", "logs?stdout=1&follow=1", "stats", "top", "changes")
FREE = [
    ("HEAD", "/_ping"),
    *(
        ("GET", path)
        for path in ("/_ping", "/version", "/info", "/events", "/containers/json?all=1", "/exec/0123/json")
    ),
    *(("GET", f"/containers/plain/{what}") for what in OF_CONTAINERS),
    *(("GET", path) for path in ("/images/json", "/images/busybox/json")),
    *(("GET", path) for path in ("/volumes", "/volumes/data", "/networks", "/networks/app")),
    *(("POST", f"/containers/plain/{verb}") for verb in ("stop", "kill", "wait", "resize?h=1&w=1")),
    ("POST", "/images/create?fromImage=busybox&tag=1"),
    *(("DELETE", path) for path in ("/containers/plain", "/volumes/data", "/networks/app")),
]


@pytest.mark.parametrize(("method", "target"), FREE)
def test_looking_and_ending_asks_nothing(judge: Judge, method: str, target: str) -> None:
    assert questions(judge, method, target) == []


def test_an_operation_that_only_reads_asks_nothing_unless_it_hands_out_files(judge: Judge) -> None:
    asking = {operation.id for operation in judge.routes.operations if operation.reads and operation.looks_up}

    assert asking == {"ContainerArchive", "ContainerArchiveInfo", "ContainerExport"}


@pytest.mark.parametrize(("method", "target", "body"), USES, ids=[use[1] for use in USES])
def test_a_use_of_a_container_asks_once(judge: Judge, method: str, target: str, body: Any) -> None:
    assert questions(judge, method, target.format("plain"), body) == ["container plain"]


@pytest.mark.parametrize(
    ("target", "asked"),
    [
        ("/containers/aged/start", ["container aged"]),
        ("/containers/young/start", ["container young", *LISTS]),
        ("/containers/young/restart", ["container young", *LISTS]),
        ("/containers/young/unpause", ["container young"]),
    ],
)
def test_the_list_is_for_starts_of_containers_with_binds_that_portero_judged(
    judge: Judge, target: str, asked: list[str]
) -> None:
    assert questions(judge, "POST", target) == asked


@pytest.mark.parametrize(
    ("host_config", "asked"),
    [
        ({}, []),
        ({"Tmpfs": {"/x": ""}}, []),
        ({"NetworkMode": "bridge"}, []),
        ({"Binds": ["data:/d"]}, ["volume data"]),
        ({"Binds": ["/srv/a:/a:ro"]}, LISTS),
        ({"Binds": ["/srv/a:/a", "/srv/b:/b"], "Privileged": True}, LISTS),
        ({"NetworkMode": "app", "Binds": ["/srv/a:/a:ro"]}, ["network app", *LISTS]),
    ],
    ids=str,
)
def test_a_create_asks_for_what_it_names_and_the_list_for_binds(
    judge: Judge, host_config: Any, asked: list[str]
) -> None:
    assert questions(judge, *create(**host_config)) == asked


@pytest.mark.parametrize(
    ("host_config", "asked"),
    [
        ({"Binds": ["data:/d", "/srv/a:/a:ro"], "Privileged": True}, ["volume data", *LISTS]),
        # Without the bind, the volume stands elsewhere in the request.
        ({"Binds": ["/etc:/e", "data:/d"]}, ["volume data", *LISTS]),
    ],
    ids=str,
)
def test_a_proposal_asks_for_nothing_that_is_known(judge: Judge, host_config: Any, asked: list[str]) -> None:
    host = CountingHost(OBJECTS)

    decision = decide(replace(judge, host=host), *create(**host_config))

    assert decision.suggestion is not None
    assert host.asked == asked
