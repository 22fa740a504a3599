"""`portero check`: what it can read, what it decides, what it refuses to read."""

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.cli.running import fault_of, portero


def envelope(**host_config: object) -> dict[str, Any]:
    body = json.dumps({"Image": "busybox", "HostConfig": host_config}).encode()
    return {
        "RequestMethod": "POST",
        "RequestUri": "/v1.45/containers/create",
        "RequestHeaders": {"Content-Type": "application/json", "Content-Length": str(len(body))},
        "RequestBody": base64.b64encode(body).decode(),
    }


@pytest.fixture
def check(tmp_path: Path) -> Any:
    def run(content: object, *options: str) -> Result:
        file = tmp_path / "request.json"
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return portero("check", file, "--profile", "baseline", "--host-root", "none", *options)

    return run


def lines(*documents: object) -> str:
    return "\n".join(map(json.dumps, documents))


def test_an_envelope_that_is_allowed(check: Any) -> None:
    result = check(envelope())

    assert (result.exit_code, result.output.splitlines()[-1]) == (0, "allowed: 1 request")


def test_an_envelope_that_is_refused_shows_the_reply(check: Any) -> None:
    result = check(envelope(Privileged=True))

    assert result.exit_code == 1
    assert ": ContainerCreate refused\n  no-privileged  HostConfig.Privileged: " in result.output
    assert result.output.splitlines()[-1] == "refused: 1 of 1 request"


def test_what_is_only_logged_is_reported(check: Any, tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text('{"actions": {"no-privileged": "audit"}}')

    result = check(envelope(Privileged=True), "--schemas", str(tmp_path), "--all")

    assert result.exit_code == 0
    assert "  logged only: no-privileged  HostConfig.Privileged\n" in result.output


def test_an_exception_that_nearly_matches_is_named_with_the_condition_that_fails(check: Any, tmp_path: Path) -> None:
    match = {
        "properties": {
            "operation": {"const": "ContainerCreate"},
            "facts": {"properties": {"image": {"properties": {"repository": {"const": "alpine"}}}}},
        }
    }
    (tmp_path / "exceptions").mkdir()
    written = {"$schema": "../exception.json", "dialect": 2, "rules": ["no-privileged"], "match": match}
    said = {"reason": "It boots other machines.", "owner": "operations", "expires": "2999-12-31"}
    (tmp_path / "exceptions" / "boot.json").write_text(json.dumps(written | said))

    result = check(envelope(Privileged=True), "--schemas", str(tmp_path))

    assert result.exit_code == 1
    near = "  near miss: boot matches all but facts.image.repository: library/busybox is not library/alpine"
    assert near in result.output.splitlines()


def test_captures_are_decided_line_by_line_and_answers_of_docker_are_left_out(check: Any) -> None:
    captured = lines(
        {"phase": "req", "case": "one", "envelope": envelope()},
        {"phase": "res", "case": "one", "envelope": envelope(Privileged=True)},
        {"phase": "req", "case": "two", "envelope": envelope(Privileged=True)},
        envelope(),
    )

    result = check(captured, "--json")

    decided = [json.loads(line) for line in result.output.splitlines()]
    assert result.exit_code == 1
    assert [(line["file"][-2:], line["allowed"]) for line in decided] == [(":1", True), (":3", False), (":4", True)]
    assert [v["rule"] for v in decided[1]["violations"] if v["action"] == "deny"] == ["no-privileged"]


def test_what_cannot_be_read_as_docker_reads_it_is_refused_with_its_code(check: Any) -> None:
    hidden = envelope() | {"RequestBody": ""}

    result = check(hidden, "--json")

    assert result.exit_code == 1
    assert [violation["rule"] for violation in json.loads(result.output)["violations"]] == ["body-missing"]


def test_mode_audit_of_the_environment_does_not_hide_a_refusal(check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTERO_MODE", "audit")

    assert check(envelope(Privileged=True)).exit_code == 1


def test_a_request_written_by_hand_goes_the_whole_way(check: Any) -> None:
    request = {"operation": "ContainerExec", "path": {"id": "web"}, "body": {"Cmd": ["id"], "privileged": True}}

    result = check(request, "--json")

    line = json.loads(result.output)
    assert result.exit_code == 1
    assert (line["operation"], line["path"]) == ("ContainerExec", "/containers/web/exec")
    assert [(v["rule"], v["at"]) for v in line["violations"]] == [("no-privileged", "Privileged")]


def test_version_query_and_identity_of_a_handwritten_request_are_kept(check: Any) -> None:
    request = {
        "operation": "ContainerCreate",
        "apiVersion": "1.45",
        "query": {"name": ["web & co"]},
        "identity": {"user": "alicia", "method": "tls"},
        "body": {"Image": "busybox"},
    }

    document = json.loads(check(request, "--request").output)

    assert document["apiVersion"] == "1.45"
    assert document["query"] == {"name": ["web & co"]}
    assert document["identity"] == {"user": "alicia", "groups": [], "method": "tls", "names": []}


def test_who_asks_by_a_handwritten_request_decides_about_the_profile(check: Any, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    profiles = [{"groups": ["ops"], "methods": ["token"], "profile": "baseline"}, {"profile": "restricted"}]
    (tmp_path / "site/site.json").write_text(json.dumps({"profiles": profiles}))
    request = {"operation": "ContainerCreate", "body": {"Image": "busybox"}}
    known = {"identity": {"user": "alicia", "groups": ["ops"], "method": "token"}}

    alicia, nobody = (
        json.loads(check(asked, "--json", "--schemas", str(tmp_path / "site")).output)
        for asked in (request | known, request)
    )

    assert (alicia["profile"], alicia["allowed"], alicia["groups"]) == ("baseline", True, ["ops"])
    assert (nobody["profile"], nobody["allowed"]) == ("restricted", False)
    assert check(request | {"identity": {"groups": "ops"}}).exit_code == 2


def test_a_path_parameter_with_slashes_is_kept(check: Any) -> None:
    request = {"operation": "ImagePush", "path": {"name": "registry.example.com/team/app"}}

    assert json.loads(check(request, "--request").output)["path"] == {"name": "registry.example.com/team/app"}


def test_the_document_that_rules_see_can_be_checked_again(check: Any) -> None:
    seen = check(envelope(Privileged=True), "--request")
    assert seen.exit_code == 0

    result = check(seen.output, "--json")

    assert result.exit_code == 1
    violations = json.loads(result.output)["violations"]
    assert [(v["rule"], v["at"]) for v in violations if v["action"] == "deny"] == [
        ("no-privileged", "HostConfig.Privileged")
    ]


def test_edited_facts_are_what_is_judged(check: Any) -> None:
    document = json.loads(check(envelope(Privileged=True), "--request").output)
    document["facts"]["privileged"]["value"] = False

    assert check(document).exit_code == 0
    assert json.loads(check(document, "--request").output) == document


def test_the_request_document_of_what_cannot_be_read_is_the_code(check: Any) -> None:
    result = check(envelope() | {"RequestBody": ""}, "--request")

    assert result.exit_code == 1
    assert "body-missing" in result.stderr


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", ":1: not JSON; write one document, or one a line"),
        (lines(envelope(), 7), ":2: not a JSON object; write an envelope or a request"),
        ({"body": {}}, ": neither an envelope (RequestMethod, RequestUri) nor a request with a known operation"),
        ({"operation": "ContainerCreat"}, ": neither an envelope"),
        ({"operation": "ContainerCreat", "facts": {}}, ": neither an envelope"),
        ({"operation": "ContainerExec"}, ": path: ContainerExec needs id, each a string"),
        ({"operation": "ContainerExec", "path": {"id": 7}}, ": path: ContainerExec needs id, each a string"),
        ({"operation": "ContainerCreate", "query": {"name": "web"}}, ": query: write each parameter as a list"),
        ({"operation": "ContainerCreate", "facts": {}}, "does not match schemas/request.json; without facts"),
        ("", "no requests found in these files"),
        (lines({"phase": "res", "envelope": envelope()}), "no requests found in these files"),
    ],
)
def test_what_is_no_request_is_named_rather_than_allowed(check: Any, content: object, sentence: str) -> None:
    assert sentence in fault_of(check(content))


def test_standard_input_is_read_and_a_file_that_is_not_there_is_named() -> None:
    result = portero("check", "--host-root", "none", "-", text=json.dumps(envelope(Privileged=True)))

    assert (result.exit_code, result.output[:3]) == (1, "-: ")
    assert "no-such-file" in fault_of(portero("check", "no-such-file"))


@pytest.mark.skipif(os.getuid() != 0, reason="gives a folder to another user")
def test_owners_of_this_machine_are_reported_and_enforced_with_a_host_root(tmp_path: Path) -> None:
    os.chown(tmp_path, 4321, 4321)
    (tmp_path / "app").mkdir()
    file = tmp_path / "request.json"
    file.write_text(json.dumps(envelope(Binds=[f"{tmp_path}/app:/app:ro"])))

    def run(*options: str) -> str:
        return portero("check", file, "--profile", "hardened", *options).output

    assert "no-swappable-sources" not in run()
    assert f"user 4321 can replace {tmp_path}/app by a link to any file of this host" in run("--host-root", "/")
