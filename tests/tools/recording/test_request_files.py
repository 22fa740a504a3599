"""What `portero check` reads of JSON: docker inspect, envelopes, and bodies of a named operation."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from portero.decide.reading.routes import Operation, Routes
from portero.tools.recording import request_files
from tests.paths import SCHEMAS, TESTS
from tests.tools.cli.running import check, fault_of, refused

INSPECT = TESTS / "decide" / "facts" / "inspect"


def test_inspected_things_are_judged_as_the_requests_that_make_them() -> None:
    result = check(*(str(INSPECT / f"{kind}.json") for kind in ("container", "network", "volume", "service")), "--json")

    found = {place.rsplit("(", 1)[1][:-1]: rules for place, rules in refused(result).items()}
    assert result.exit_code == 1
    assert "no-privileged" in found["bad"]
    assert "no-privileged" not in found["good"]
    assert {"no-bind-volumes", "no-sensitive-paths"} <= found["data"]
    assert found["vol"] == set()
    assert "bridge" not in found


def test_a_service_on_an_inspected_network_is_judged_by_its_name() -> None:
    alone = check(str(INSPECT / "service.json"), "--json")
    together = check(str(INSPECT / "service.json"), str(INSPECT / "network.json"), "--json")

    place = f"{INSPECT / 'service.json'} (svc)"
    assert refused(alone)[place] - refused(together)[place] == {"network-resolved"}


def test_inspected_things_may_come_one_a_line(tmp_path: Path) -> None:
    things = json.loads((INSPECT / "container.json").read_text())
    file = tmp_path / "lines"
    file.write_text("\n".join(map(json.dumps, things)))

    assert f"{file}:2 (bad)" in refused(check(str(file), "--json"))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ([7], "not docker inspect output of a container, service, volume or network"),
        ([{"Id": "x", "Config": {}, "HostConfig": 7}], "HostConfig is not as docker inspect prints it"),
    ],
)
def test_what_docker_inspect_would_not_write_is_named(tmp_path: Path, content: Any, sentence: str) -> None:
    (tmp_path / "x.json").write_text(json.dumps(content))

    assert sentence in fault_of(check(str(tmp_path / "x.json")))


@pytest.mark.parametrize(
    ("operation", "body", "rule"),
    [
        ("ContainerCreate", {"Image": "busybox", "HostConfig": {"Privileged": True}}, "no-privileged"),
        ("ContainerExec", {"Cmd": ["id"], "Privileged": True}, "no-privileged"),
        ("ContainerCreate", [], "body-wrong-type"),
    ],
)
def test_a_body_is_judged_as_that_of_the_given_operation(tmp_path: Path, operation: str, body: Any, rule: str) -> None:
    (tmp_path / "body.json").write_text(json.dumps(body))

    result = check(str(tmp_path / "body.json"), "--operation", operation, "--json")

    assert result.exit_code == 1
    assert refused(result) == {str(tmp_path / "body.json"): {rule}}


def test_an_operation_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "body.json").write_text("{}")

    fault = fault_of(check(str(tmp_path / "body.json"), "--operation", "ContainerCreat"))

    assert "ContainerCreat: not an operation of the Engine API" in fault


def operations() -> Sequence[Operation]:
    return Routes.load(json.loads((SCHEMAS / "operations.json").read_text())).operations


def test_one_document_a_line_has_its_line_and_answers_are_left_out() -> None:
    envelope = {"RequestMethod": "GET", "RequestUri": "/_ping"}
    captured = [{"phase": "req", "envelope": envelope}, {"phase": "res", "envelope": envelope}, envelope]

    found = list(request_files.read_requests("x", "\n".join(map(json.dumps, captured)).encode(), operations()))

    assert [request.location for request in found] == ["x:1", "x:3"]


def test_a_request_written_by_hand_becomes_the_envelope_that_dockerd_would_post() -> None:
    request = {"operation": "ContainerRename", "apiVersion": "1.45", "path": {"id": "a b"}, "query": {"name": ["x&y"]}}

    (request,) = request_files.read_requests("x", json.dumps(request).encode(), operations())

    assert isinstance(request.content, bytes)
    assert json.loads(request.content) == {
        "RequestMethod": "POST",
        "RequestUri": "/v1.45/containers/a%20b/rename?name=x%26y",
    }


def test_json_that_is_too_deep_is_no_request() -> None:
    with pytest.raises(request_files.InvalidRequestFile, match="x: is not JSON at line 1; write one document"):
        list(request_files.read_requests("x", b"[" * 100_000, operations()))


@pytest.mark.parametrize(
    ("line", "name", "location"),
    [(None, "", "x.json"), (7, "", "x.json:7"), (None, "web", "x.json (web)"), (7, "web", "x.json:7 (web)")],
)
def test_the_location_has_the_parts_that_are_known(line: int | None, name: str, location: str) -> None:
    assert request_files.FileRequest("x.json", b"", line, name).location == location
