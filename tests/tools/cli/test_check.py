"""`portero check`: what it can read, what it decides, what it refuses to read."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.decide.judging import requests
from tests.failing import fail_with
from tests.tools.cli.running import fault_of, portero


def envelope(**host_config: object) -> dict[str, Any]:
    body = {"Image": "busybox", "HostConfig": host_config}
    made: dict[str, Any] = json.loads(requests.envelope("POST", "/v1.45/containers/create", body))
    return made


@pytest.fixture
def check(tmp_path: Path) -> Any:
    def run(content: object, *options: str) -> Result:
        file = tmp_path / "request.json"
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return portero("check", file, "--profile", "baseline", "--host-root", "none", *options)

    return run


def lines(*documents: object) -> str:
    return "\n".join(map(json.dumps, documents))


def test_an_envelope_that_is_refused_shows_the_reply(check: Any) -> None:
    allowed, refused = check(envelope()), check(envelope(Privileged=True))

    assert (allowed.exit_code, allowed.output.splitlines()[-1]) == (0, "allowed: 1 request")
    assert (refused.exit_code, refused.output.splitlines()[-1]) == (1, "denied: 1 of 1 request")
    assert ": ContainerCreate denied\n  no-privileged  HostConfig.Privileged: " in refused.output


def test_what_is_only_logged_is_reported(check: Any, tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text('{"actions": {"no-privileged": "audit"}}')

    result = check(envelope(Privileged=True), "--schemas", str(tmp_path), "--all")

    assert result.exit_code == 0
    assert "  logged only: no-privileged  HostConfig.Privileged\n" in result.output


def test_an_exception_that_nearly_matches_is_named_with_the_condition_that_fails(check: Any, tmp_path: Path) -> None:
    image = {"properties": {"image": {"properties": {"repository": {"const": "alpine"}}}}}
    boot = requests.make_exception(["no-privileged"], operation={"const": "ContainerCreate"}, facts=image)
    requests.write_files(tmp_path, {"exceptions/boot.json": boot})

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


def test_version_query_identity_and_path_of_a_handwritten_request_are_kept(check: Any) -> None:
    request = {"operation": "ContainerCreate", "apiVersion": "1.45", "query": {"name": ["web & co"]}}
    request |= {"identity": {"user": "alicia", "method": "tls"}, "body": {"Image": "busybox"}}
    push = {"operation": "ImagePush", "path": {"name": "registry.example.com/team/app"}}

    document, pushed = (json.loads(check(asked, "--request").output) for asked in (request, push))

    assert {name: document[name] for name in ("apiVersion", "query", "identity")} == {
        "apiVersion": "1.45",
        "query": {"name": ["web & co"]},
        "identity": {"user": "alicia", "groups": [], "method": "tls", "names": []},
    }
    assert pushed["path"] == push["path"]


def test_who_asks_by_a_handwritten_request_decides_about_the_profile(check: Any, tmp_path: Path) -> None:
    profiles = [{"groups": ["ops"], "methods": ["token"], "profile": "baseline"}, {"profile": "restricted"}]
    requests.write_files(tmp_path / "site", {"site.json": {"profiles": profiles}})
    request = {"operation": "ContainerCreate", "body": {"Image": "busybox"}}
    known = {"identity": {"user": "alicia", "groups": ["ops"], "method": "token"}}

    alicia, nobody = (
        json.loads(check(asked, "--json", "--schemas", str(tmp_path / "site")).output)
        for asked in (request | known, request)
    )

    assert (alicia["profile"], alicia["allowed"], alicia["groups"]) == ("baseline", True, ["ops"])
    assert (nobody["profile"], nobody["allowed"]) == ("restricted", False)
    assert check(request | {"identity": {"groups": "ops"}}).exit_code == 2


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
        ("{", ": is not JSON at line 1, column 2: it ends too early; close what is open"),
        ('{\n "operation": "Info",\n}\n', ": is not JSON at line 2, column 21: remove the comma before the bracket"),
        (lines(envelope()) + "\n{", ": is not JSON at line 2, column 2: "),
        ("1" * 5000, ": is not JSON at line 1; write one document, or one a line"),
        (lines(envelope(), 7), ":2: not a JSON object; write an envelope or a request"),
        ({"body": {}}, ": neither an envelope (RequestMethod, RequestUri) nor a request with a known operation"),
        ({"operation": "ContainerCreat"}, ": neither an envelope"),
        ({"operation": "ContainerCreat", "facts": {}}, ": neither an envelope"),
        ({"operation": "ContainerExec"}, ": path: ContainerExec needs id, each a string"),
        ({"operation": "ContainerExec", "path": {"id": 7}}, ": path: ContainerExec needs id, each a string"),
        ({"operation": "ContainerCreate", "query": {"name": "web"}}, ": query: write each parameter as a list"),
        ({"operation": "ContainerCreate", "facts": {}}, "does not match schemas/request.json; without facts"),
        ("", ".json: no requests found"),
        (lines({"phase": "res", "envelope": envelope()}), ".json: no requests found"),
    ],
)
def test_what_is_no_request_is_named_rather_than_allowed(check: Any, content: object, sentence: str) -> None:
    assert sentence in fault_of(check(content))


def test_standard_input_is_read_and_a_file_that_is_not_there_is_named() -> None:
    result = portero("check", "--host-root", "none", "-", text=json.dumps(envelope(Privileged=True)))

    assert (result.exit_code, result.output[:3]) == (1, "-: ")
    assert "no-such-file" in fault_of(portero("check", "no-such-file"))
    assert "portero try -- docker ... judges a command" in fault_of(portero("check", "--", "docker", "run", "x"))


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


@pytest.mark.parametrize("option", ["--json", "--format=sarif", "--request"])
def test_an_override_is_printed_in_one_form(option: str) -> None:
    assert fault_of(portero("check", "--fix", option, __file__)).endswith(
        "--fix: prints an override as text; leave out --format, --json and --request\n"
    )


def test_a_folder_that_cannot_be_read_is_not_one_without_a_compose_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    look, refuse = os.lstat, fail_with(errno.EACCES)
    monkeypatch.setattr(os, "lstat", lambda path: (refuse if str(path).startswith(str(tmp_path)) else look)(path))

    assert f"portero: {tmp_path}: cannot be read (Permission denied); name a FILE\n" in fault_of(portero("check"))


def test_the_file_that_could_not_be_read_is_named(tmp_path: Path) -> None:
    file, config = tmp_path / "request.json", tmp_path / "daemon.json"
    file.write_text(json.dumps({"operation": "ContainerCreate", "body": {"Image": "busybox"}}))
    config.write_text('{"icc": false,}')

    output = portero("check", "--daemon-config", config, file).output

    assert f"  host-unreadable  {config}: " in output
    assert f"warning: {config}: is not a valid daemon.json\n" in output
