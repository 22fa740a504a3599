"""Method and path lead to the operation that dockerd's router runs, by a table of the form that it should have."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from portero.decide.reading.routes import LONG_BYTES, TARGET, Body, Match, Operation, Routes, is_probe, make_body
from portero.decide.reading.uri import parse_target
from tests.captured import table
from tests.cases import cases
from tests.paths import SCHEMAS
from tests.refusing import find_refusal

TABLE = json.loads((SCHEMAS / "operations.json").read_text())
ROUTES = Routes.load(TABLE)


# One call of every route that moby registers, made from its router sources.
CALLS = table(Path(__file__).with_name("operations.tsv"))


@pytest.mark.parametrize("version", ["", "/v1.45", "/v01.45."], ids=["unversioned", "versioned", "odd-version"])
def test_every_route_leads_to_its_own_operation(version: str) -> None:
    found = [ROUTES.match(call["method"], parse_target(version + call["path"]).path) for call in CALLS]

    assert [(match.operation.id, match.operation.method, write(match.path)) for match in found] == [
        (call["operation"], call["method"], call["parameters"]) for call in CALLS
    ]


def write(parameters: Mapping[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in parameters.items())


def test_every_operation_of_the_table_has_a_call_in_the_tests() -> None:
    assert sorted(operation.id for operation in ROUTES.operations) == sorted(call["operation"] for call in CALLS)


# Names that look like operations, and where nothing is: what may change something unknown is refused.
LINES = cases(__file__, "routes.jsonl")


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


LOOKED_UP = (
    "container",
    "exec",
    "rollback",
    "containers",
    "volumes",
    "networks",
    "configs",
    "sources",
    "image",
    "name",
    "vouching",
    "owner",
    "files",
    "plugin",
)
VERSION = {"type": "string", "pattern": r"^1\.\d+$"}
FORM = Draft202012Validator(
    {
        "type": "object",
        "properties": {
            "id": {"type": "string", "minLength": 1},
            "method": {"type": "string", "pattern": r"^([A-Z]+|\*)$"},
            "path": {"type": "string", "pattern": r"^/([^{}]|\{[a-z]+(:\.[*+])?\})*$"},
            "body": {"enum": [*get_args(Body)]},
            "bodyRequired": {"type": "boolean"},
            "reads": {"type": "boolean"},
            "since": VERSION,
            "removed": VERSION,
            "looksUp": {"type": "array", "items": {"enum": LOOKED_UP}},
        },
        "required": ["id", "method", "path", "body", "bodyRequired", "reads"],
        "additionalProperties": False,
    }
)


def test_the_table_has_the_form_that_its_description_gives() -> None:
    for operation in TABLE["operations"]:
        FORM.validate(operation)
        names = re.findall(r"\{([a-z]+)", operation["path"])
        assert len(set(names)) == len(names)


WRONG_PATHS = [{"path": path} for path in ("a", "/{id", "/id}", "/{id:[0-9]+}", "/{ID}", "/{}")]


@pytest.mark.parametrize(
    "wrong",
    [{"raeds": True}, {"reads": "yes"}, {"id": ""}, {"since": 1.45}, {"body": "xml"}, {"method": "get"}, *WRONG_PATHS],
    ids=str,
)
def test_another_form_is_noticed(wrong: dict[str, object]) -> None:
    assert FORM.is_valid(entry())
    assert not FORM.is_valid(entry(**wrong))


def test_no_operation_stands_twice() -> None:
    operations = ROUTES.operations

    assert len({one.id for one in operations}) == len({(one.method, one.path) for one in operations}) == len(operations)


@pytest.mark.parametrize(
    ("target", "body", "probe"),
    [
        (TARGET, make_body(0), True),
        (f"/v1.47{TARGET}", make_body(LONG_BYTES), True),
        (TARGET, None, False),
        (TARGET, make_body(0).replace(b"Memory", b"Binds"), False),
        (TARGET, make_body(0) + b" ", False),
        ("/containers/create", make_body(0), False),
        (f"{TARGET}&name=web", make_body(0), False),
        ("/containers/web/update?name=portero-probe", make_body(0), False),
    ],
)
def test_a_probe_is_known_byte_by_byte(target: str, body: bytes | None, probe: bool) -> None:
    assert is_probe(parse_target(target), body) is probe
