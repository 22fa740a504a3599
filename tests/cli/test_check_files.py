"""`portero check`: compose files, docker inspect, bodies, and the formats for machines."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from portero.cli import main
from tests.paths import ROOT, TESTS

INSPECT = TESTS / "facts" / "inspect"
COMPOSE = ROOT / "tests" / "standin" / "compose"

needs_compose = pytest.mark.skipif(shutil.which("docker-compose") is None, reason="needs docker-compose")


def check(*words: str, profile: str = "baseline") -> Result:
    return CliRunner().invoke(main, ["check", "--host-root", "none", "--profile", profile, *words])


def refused(result: Result) -> dict[str, set[str]]:
    """The refusing rules of each line of JSON, by what was judged."""
    lines = [json.loads(line) for line in result.output.splitlines()]
    return {line["file"]: {v["rule"] for v in line["violations"] if v["action"] == "deny"} for line in lines}


@needs_compose
def test_every_service_network_and_volume_of_a_compose_file_is_judged(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(
        "services:\n"
        "  web: {image: nginx, privileged: true}\n"
        "  tool: {image: busybox, pid: host, profiles: [debug]}\n"
        "volumes:\n"
        "  data: {driver_opts: {type: none, o: bind, device: /}}\n"
    )

    found = refused(check(str(file), "--json"))

    assert found[f"{file}:2 (web)"] == {"no-privileged"}
    assert found[f"{file}:3 (tool)"] == {"no-host-pid"}
    assert found[f"{file} (default)"] == set()
    assert f"{file}:5 (data)" not in found, "a volume that no service uses is not made"


@needs_compose
def test_external_networks_and_volumes_need_not_be_there(tmp_path: Path) -> None:
    file = tmp_path / "compose.yml"
    file.write_text(
        "services: {web: {image: nginx, networks: [shared], volumes: ['data:/data']}}\n"
        "networks: {shared: {external: true}}\n"
        "volumes: {data: {external: true, name: elsewhere}}\n"
    )

    result = check(str(file))

    assert (result.exit_code, result.output.splitlines()[0]) == (0, f"{file} (web): allowed ContainerCreate")


@needs_compose
def test_a_compose_file_that_compose_refuses_is_an_error_in_its_words(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {web: {imge: nginx}}\n")

    result = check(str(tmp_path / "compose.yaml"))

    assert result.exit_code == 2
    assert "imge" in result.stderr


def test_without_compose_a_compose_file_is_not_guessed_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "compose.yaml").write_text("services: {web: {image: nginx}}\n")
    monkeypatch.setenv("PATH", str(tmp_path))

    result = check(str(tmp_path / "compose.yaml"))

    assert result.exit_code == 2
    assert "compose files are read by compose itself; install docker-compose" in result.stderr


def test_inspected_things_are_judged_as_the_requests_that_make_them() -> None:
    result = check(*(str(INSPECT / f"{kind}.json") for kind in ("container", "network", "volume", "service")), "--json")

    found = {place.rsplit("(", 1)[1][:-1]: rules for place, rules in refused(result).items()}
    assert result.exit_code == 1
    assert {"no-privileged", "host-paths-seen"} <= found["bad"]
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
        ([7], "is not what docker inspect says of containers, services, volumes or networks"),
        ([{"Id": "x", "Config": {}, "HostConfig": 7}], "HostConfig is not as docker inspect writes it"),
    ],
)
def test_what_docker_inspect_would_not_write_is_named(tmp_path: Path, content: Any, sentence: str) -> None:
    (tmp_path / "x.json").write_text(json.dumps(content))

    result = check(str(tmp_path / "x.json"))

    assert result.exit_code == 2
    assert sentence in result.stderr


@pytest.mark.parametrize(
    ("operation", "body", "rule"),
    [
        ("ContainerCreate", {"Image": "busybox", "HostConfig": {"Privileged": True}}, "no-privileged"),
        ("ContainerExec", {"Cmd": ["id"], "Privileged": True}, "no-privileged"),
        ("ContainerCreate", [], "body-wrong-type"),
    ],
)
def test_a_body_is_judged_as_that_of_the_operation_that_is_said(
    tmp_path: Path, operation: str, body: Any, rule: str
) -> None:
    (tmp_path / "body.json").write_text(json.dumps(body))

    result = check(str(tmp_path / "body.json"), "--operation", operation, "--json")

    assert result.exit_code == 1
    assert refused(result) == {str(tmp_path / "body.json"): {rule}}


def test_an_operation_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "body.json").write_text("{}")

    result = check(str(tmp_path / "body.json"), "--operation", "ContainerCreat")

    assert result.exit_code == 2
    assert "ContainerCreat is no operation of the Engine API" in result.stderr


@pytest.mark.parametrize(("names", "status"), [(("good",), 0), (("good", "bad"), 1)])
@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit"])
def test_the_exit_status_is_the_same_in_every_format(
    tmp_path: Path, names: tuple[str, ...], status: int, form: str
) -> None:
    things = [thing for thing in json.loads((INSPECT / "container.json").read_text()) if thing["Name"][1:] in names]
    for thing in things:
        thing["HostConfig"]["CgroupnsMode"] = "private"
    (tmp_path / "x.json").write_text(json.dumps(things))

    assert check(str(tmp_path / "x.json"), "--format", form).exit_code == status


def test_sarif_and_junit_are_whole_documents() -> None:
    file = str(INSPECT / "container.json")

    run = json.loads(check(file, "--format", "sarif").output)["runs"][0]
    suite = ElementTree.fromstring(check(file, "--format", "junit").output).find("testsuite")

    assert "no-privileged" in {result["ruleId"] for result in run["results"] if result["level"] == "error"}
    assert suite is not None
    assert suite.get("tests") == "3"


def _typed(line: str, folder: Path) -> int:
    """The status of a line of an example, typed where a compose file lies."""
    tool = f"{sys.executable} -m portero"
    environ = os.environ | {"PYTHONPATH": str(ROOT / "plugin")}
    return subprocess.run(
        re.sub(r"\bportero check", f"{tool} check", line), shell=True, cwd=folder, env=environ, check=False
    ).returncode


BAD = "services: {web: {image: nginx, privileged: true}}\n"


@pytest.fixture(params=[("good", 0), ("bad", 1)], ids=["good", "bad"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, int]:
    """A folder with a compose file, and the status that a check of it has to have."""
    kind, status = request.param
    good = (ROOT / "examples" / "compose.yaml").read_text()
    (tmp_path / "compose.yaml").write_text(good if kind == "good" else BAD)
    return tmp_path, status


@needs_compose
def test_the_pre_commit_example_stops_a_commit(project: tuple[Path, int]) -> None:
    folder, status = project
    text = (ROOT / "examples" / "pre-commit" / ".pre-commit-config.yaml").read_text()
    entry = re.search(r"entry: (.*)", text)
    files = re.search(r"files: (.*)", text)

    assert entry is not None
    assert files is not None
    assert all(
        re.search(files[1], name) for name in ("compose.yaml", "a/docker-compose.prod.yml", "compose.override.yml")
    )
    assert not re.search(files[1], "src/decompose.yaml")
    assert _typed(f"{entry[1]} compose.yaml", folder) == status


@needs_compose
def test_the_ci_example_fails_the_job_and_leaves_both_reports(project: tuple[Path, int]) -> None:
    folder, status = project
    text = (ROOT / "examples" / "ci" / "portero.yaml").read_text()
    lines = re.findall(r"run: (portero .*)", text)

    assert [_typed(line, folder) for line in lines] == [status, status]
    assert json.loads((folder / "portero.sarif").read_text())["version"] == "2.1.0"
    assert ElementTree.parse(folder / "portero.xml").getroot().tag == "testsuites"
