"""Method and path lead to the operation that dockerd's router runs; a broken table of operations is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from portero.reading.routes import Match, Operation, Routes
from portero.reading.uri import parse_target
from tests.captured import table
from tests.paths import SCHEMAS
from tests.refusing import find_refusal

TABLE = json.loads((SCHEMAS / "operations.json").read_text())
ROUTES = Routes.load(TABLE)


# One call of every route that moby registers, made from its router sources.
CALLS = table(Path(__file__).with_name("operations.tsv"))


@pytest.mark.parametrize("version", ["", "/v1.45", "/v01.45."], ids=["unversioned", "versioned", "odd-version"])
@pytest.mark.parametrize("call", CALLS, ids=lambda call: call["operation"])
def test_every_route_leads_to_its_own_operation(version: str, call: dict[str, str]) -> None:
    match = ROUTES.match(call["method"], parse_target(version + call["path"]).path)

    assert (match.operation.id, match.operation.method) == (call["operation"], call["method"])
    assert ",".join(f"{name}={value}" for name, value in match.path.items()) == call["parameters"]


def test_every_operation_of_the_table_has_a_call_in_the_tests() -> None:
    assert sorted(operation.id for operation in ROUTES.operations) == sorted(call["operation"] for call in CALLS)


# Names that look like operations, and where nothing is: what may change something unknown is refused.
LINES = [json.loads(line) for line in Path(__file__).with_name("routes.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("line", [line for line in LINES if "operation" in line], ids=lambda line: line["case"])
def test_names_that_look_like_operations_do_not_change_the_operation(line: dict[str, Any]) -> None:
    match = ROUTES.match(line["method"], parse_target(line["path"]).path)

    found = (match.operation.id, match.operation.method, match.path)
    assert found == (line["operation"], line["method"], line["names"])


@pytest.mark.parametrize("line", [line for line in LINES if "operation" not in line], ids=lambda line: line["case"])
def test_what_may_change_something_unknown_is_refused(line: dict[str, Any]) -> None:
    assert find_refusal(ROUTES.match, line["method"], line["path"]) == ("unknown-operation", "")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/", "/new/things", "/services/a/b", "/containers/json/", "/v1.44/info", ""])
def test_reading_something_unknown_is_the_operation_unknown(method: str, path: str) -> None:
    assert ROUTES.match(method, path) == Match(Operation("Unknown", method, "", "none", False, True), {})


def test_head_is_not_get() -> None:
    assert ROUTES.match("HEAD", "/containers/web/json").operation.id == "Unknown"


def test_without_an_operation_for_every_path_all_else_is_still_unknown() -> None:
    routes = Routes.load({"operations": [entry()]})

    assert routes.match("GET", "/b").operation.id == "Unknown"


def test_the_first_route_that_fits_wins_over_a_later_one_that_stands_there_word_by_word() -> None:
    wide = entry(id="Wide", path="/a/{id}")
    anything = entry(id="Anything", method="*", path="/b/{id:.*}")
    routes = Routes.load({"operations": [wide, anything, entry(id="A", path="/a/b"), entry(id="B", path="/b/c")]})

    assert routes.match("GET", "/a/b") == Match(routes.operations[0], {"id": "b"})
    assert routes.match("GET", "/b/c").operation.id == "Anything"
    assert routes.match("GET", "/b/c").operation.method == "GET"


def test_what_was_found_for_a_path_cannot_be_changed() -> None:
    for path in ("/containers/json", "/containers/web/json"):
        with pytest.raises(TypeError):
            ROUTES.match("GET", path).path["id"] = "x"  # type: ignore[index]


def test_every_get_and_head_but_a_websocket_only_reads() -> None:
    writing = [o.id for o in ROUTES.operations if o.method in ("GET", "HEAD", "OPTIONS") and not o.reads]

    assert writing == ["ContainerAttachWebsocket"]


def test_nothing_that_only_reads_has_a_body() -> None:
    assert {operation.body for operation in ROUTES.operations if operation.reads} == {"none"}


TOLERANT = {"VolumeCreate", "ContainerUpdate", "ImageCommit", "PluginPull", "PluginUpgrade", "ExecStart"}
NEEDED = {
    *("SwarmInit", "SwarmJoin", "SwarmUpdate", "SwarmUnlock", "NodeUpdate", "ServiceCreate", "ServiceUpdate"),
    *("SecretCreate", "SecretUpdate", "ConfigCreate", "ConfigUpdate", "VolumeUpdate", "PluginSet"),
    *("NetworkCreate", "NetworkConnect", "NetworkDisconnect", "ContainerCreate", "ContainerExec", "CheckpointCreate"),
}
STREAMS = {"ImageBuild", "ImageCreate", "ImageLoad", "PutContainerArchive", "PluginCreate"}


@pytest.mark.parametrize(
    ("body", "required", "operations"),
    [
        pytest.param("json", True, NEEDED, id="that is JSON and needed"),
        pytest.param("json", False, TOLERANT, id="that dockerd decodes and does not need"),
        pytest.param("tar", False, STREAMS, id="that stays unseen"),
        pytest.param("never-shown", False, {"SystemAuth"}, id="that holds a password"),
    ],
)
def test_the_operations_are_known_of_a_body(body: str, required: bool, operations: set[str]) -> None:
    found = {o.id for o in ROUTES.operations if o.body == body and o.body_required is required}

    assert found == operations


def entry(**more: object) -> dict[str, object]:
    return {"id": "A", "method": "GET", "path": "/a", "body": "none", "bodyRequired": False, "reads": True} | more


BROKEN: dict[str, tuple[object, str]] = {
    "empty": ([], "'operations' must be a list of at least one operation"),
    "object": ({"A": entry()}, "'operations' must be a list of at least one operation"),
    "not-an-object": (["A"], "operations[0]: an operation is an object"),
    "misspelt-field": ([entry(raeds=True)], "operations[0]: an operation has no field 'raeds'"),
    "missing-field": ([{"id": "A"}], "operations[0]: 'body' is missing"),
    "wrong-type": ([entry(reads="yes")], "operations[0]: 'reads' must be true or false"),
    "empty-id": ([entry(id="")], "operations[0]: 'id' must be a text"),
    "since-a-number": ([entry(since=1.45)], "operations[0]: 'since' must be a text"),
    "unknown-body": ([entry(body="xml")], "operations[0]: 'body' must be json, tar, none or never-shown"),
    "required-tar": (
        [entry(body="tar", bodyRequired=True)],
        "operations[0]: only a json body can be required, another one is never seen",
    ),
    "lower-case-method": ([entry(method="get")], "operations[0]: 'method' must be in capitals, or * for any"),
    "second-entry": ([entry(), entry(id="B")], "'GET /a': two operations have the same method and path"),
    "same-id": ([entry(), entry(path="/b")], "'A': two operations have the same id"),
}


@pytest.mark.parametrize(("operations", "sentence"), BROKEN.values(), ids=BROKEN.keys())
def test_an_invalid_table_is_refused_with_one_sentence(operations: object, sentence: str) -> None:
    with pytest.raises(ValueError) as fault:  # noqa: PT011 - the whole sentence is compared below
        Routes.load({"operations": operations})

    assert str(fault.value) == sentence


@pytest.mark.parametrize("path", ["a", "/{id", "/id}", "/{id:[0-9]+}", "/{ID}", "/{}", "/{id}/{id}"])
def test_a_path_that_the_router_cannot_read_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"^operations\[0\]: 'path' must begin with / and name each parameter once"):
        Routes.load({"operations": [entry(path=path)]})


def test_an_operation_may_have_versions_and_a_table_has_operations() -> None:
    (operation,) = Routes.load({"operations": [entry(since="1.30", removed="1.50")]}).operations
    assert operation.id == entry()["id"]
    with pytest.raises(ValueError, match=r"^'operations' must be a list of at least one operation$"):
        Routes.load({})
