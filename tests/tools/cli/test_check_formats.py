"""`portero check`: the formats for machines, and the examples for pre-commit and CI."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest
from ruamel.yaml import YAML

from tests.decide.judging.requests import write_files
from tests.paths import ROOT, TESTS
from tests.tools.cli.running import check
from tests.tools.compose.test_requests import needs_compose

INSPECT = TESTS / "decide" / "facts" / "inspect"
(HOOK,) = YAML(typ="safe").load(ROOT / ".pre-commit-hooks.yaml")
ACTION = YAML(typ="safe").load(ROOT / "action.yml")
STEP = ACTION["runs"]["steps"][-1]


@pytest.mark.parametrize(("names", "status"), [(("good",), 0), (("good", "bad"), 1)])
@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit"])
def test_the_exit_status_is_one_in_every_format(tmp_path: Path, names: tuple[str, ...], status: int, form: str) -> None:
    things = [thing for thing in json.loads((INSPECT / "container.json").read_text()) if thing["Name"][1:] in names]
    (tmp_path / "x.json").write_text(json.dumps(things))

    assert check(str(tmp_path / "x.json"), "--format", form).exit_code == status


def test_sarif_and_junit_are_whole_documents() -> None:
    file = str(INSPECT / "container.json")

    run = json.loads(check(file, "--format", "sarif").output)["runs"][0]
    suite = ElementTree.fromstring(check(file, "--format", "junit").output).find("testsuite")

    assert "no-privileged" in {result["ruleId"] for result in run["results"] if result["level"] == "error"}
    assert suite is not None
    assert suite.get("tests") == "3"


@needs_compose
def test_a_file_that_cannot_be_read_is_a_result_and_the_others_are_judged(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text("services: {web: {image: nginx}}\n")
    (tmp_path / "bad.yaml").write_text(BAD)
    (tmp_path / "broken.yaml").write_text("services: [\n")
    files = [str(tmp_path / f"{name}.yaml") for name in ("good", "broken", "bad", "missing")]

    sarif, junit, text, lines = (check(*files, "--format", form) for form in ("sarif", "junit", "text", "json"))

    assert {each.exit_code for each in (sarif, junit, text, lines)} == {2}
    run = json.loads(sarif.stdout)["runs"][0]
    assert "no-privileged" in {result["ruleId"] for result in run["results"]}
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    notes = {
        each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]: each["message"]["text"]
        for each in invocation["toolExecutionNotifications"]
    }
    assert set(notes) == {files[1], files[3]}
    assert "No such file or directory" in notes[files[3]]
    suite = ElementTree.fromstring(junit.stdout).find("testsuite")
    assert suite is not None
    assert (suite.get("errors"), suite.get("failures")) == ("2", "1")
    assert {case.get("name") for case in suite.findall("testcase[error]")} == {files[1], files[3]}
    assert text.output.count("no-privileged") == 1
    assert "missing.yaml: No such file or directory\n" in text.stderr
    assert [json.loads(line)["file"] for line in lines.stdout.splitlines() if "error" in json.loads(line)] == [
        files[1],
        files[3],
    ]


def _typed(line: str, folder: Path, **values: str) -> int:
    """The status of a line of an example, typed where a compose file lies."""
    line = re.sub(r"\bportero check", f"{sys.executable} -m portero check", line)
    environ = os.environ | {"PYTHONPATH": str(ROOT / "plugin")} | values
    return subprocess.run(line, shell=True, cwd=folder, env=environ, check=False).returncode


def _acted(folder: Path, values: Mapping[str, str]) -> int:
    """The status of the action's step there."""
    places = {name: str(folder / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    line = f"bash -eo pipefail -c {shlex.quote(STEP['run'])}"
    return _typed(line, folder, **values, **places, RUNNER_TEMP=str(folder))


BAD = "services: {web: {image: nginx, privileged: true}}\n"


@pytest.fixture(params=[("good", 0), ("bad", 1)], ids=["good", "bad"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, int]:
    """A folder with a compose file, and the status that a check of it has to have."""
    kind, status = request.param
    good = (ROOT / "examples" / "compose.yaml").read_text()
    (tmp_path / "compose.yaml").write_text(good if kind == "good" else BAD)
    return tmp_path, status


@needs_compose
def test_the_pre_commit_hook_stops_a_commit(project: tuple[Path, int]) -> None:
    folder, status = project
    hooked = ("compose.yaml", "a/docker-compose.prod.yml", "compose.override.yml")

    assert all(re.search(HOOK["files"], one) for one in hooked)
    assert not re.search(HOOK["files"], "src/decompose.yaml")
    assert _typed(f"{HOOK['entry']} compose.yaml", folder) == status


@needs_compose
@pytest.mark.parametrize("changed", ["compose.override.yaml", "compose.yaml compose.override.yaml", "compose.prod.yml"])
def test_the_pre_commit_hook_judges_the_project_of_a_changed_file(project: tuple[Path, int], changed: str) -> None:
    folder, status = project
    for name in ("override.yaml", "prod.yml"):
        (folder / f"compose.{name}").write_text("services: {web: {environment: {A: b}}}\n")

    assert _typed(f"{HOOK['entry']} {changed}", folder) == status


def test_the_pre_commit_example_names_the_hook() -> None:
    example = YAML(typ="safe").load(ROOT / "examples" / "pre-commit" / ".pre-commit-config.yaml")

    assert [each["id"] for each in example["repos"][0]["hooks"]] == [HOOK["id"]]


@pytest.mark.parametrize(
    "file", ["action.yml", "examples/ci/portero.yaml", "examples/ci/gitlab.yaml", "examples/ci/Dockerfile"]
)
def test_no_ci_file_installs_portero_by_its_name(file: str) -> None:
    text = re.sub("^ *#.*", "", (ROOT / file).read_text(), flags=re.MULTILINE)

    assert re.search(r"pip\W.*install .*--require-hashes -r \S*requirements/run.txt", text)
    assert re.search(r"pip\W.*install .*--no-deps --no-build-isolation \S*(/.portero|ACTION_PATH|/src/portero)\b", text)
    assert not re.search(r"install\b.*\sportero\b", text)


@needs_compose
def test_the_action_fails_the_job_and_leaves_a_report(project: tuple[Path, int]) -> None:
    folder, status = project
    inputs = {name: of["default"] for name, of in ACTION["inputs"].items()}
    values = {name: inputs[text.split(".")[1].split(" ")[0]] for name, text in STEP["env"].items()}

    assert _acted(folder, values) == status
    assert json.loads((folder / "portero.sarif").read_text())["version"] == "2.1.0"
    assert (folder / "GITHUB_OUTPUT").read_text() == f"denied={status}\n"
    summary = (folder / "GITHUB_STEP_SUMMARY").read_text()
    assert summary.startswith(f"### Portero: {status} denied\n```text\n")
    assert ("no-privileged" in summary) is bool(status)


@needs_compose
def test_the_action_judges_by_the_policy_that_it_is_given(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text((ROOT / "examples" / "compose.yaml").read_text())
    write_files(tmp_path / "policy", {"site.json": {"pids-max": 1}})
    values = {"FILES": ".", "SARIF": "x.sarif", "PORTERO_PROFILE": "hardened"}

    assert _acted(tmp_path, {**values, "POLICY": "policy"}) == 1
    assert "at most 1 here" in (tmp_path / "GITHUB_STEP_SUMMARY").read_text()
    assert _acted(tmp_path, {**values, "POLICY": ""}) == 0


@needs_compose
def test_what_the_image_for_ci_starts_judges_the_folder_that_it_is_given(project: tuple[Path, int]) -> None:
    folder, status = project
    entry = re.search(r"^ENTRYPOINT (.*)$", (ROOT / "examples" / "ci" / "Dockerfile").read_text(), re.MULTILINE)

    assert entry is not None
    program, *words = json.loads(entry[1])
    assert program == "/opt/portero/bin/portero"
    assert _typed(shlex.join(["portero", *words, "."]), folder) == status


@needs_compose
def test_the_gitlab_job_fails_and_leaves_a_report(project: tuple[Path, int]) -> None:
    folder, status = project
    (line,) = YAML(typ="safe").load(ROOT / "examples" / "ci" / "gitlab.yaml")["portero"]["script"]

    assert _typed(line, folder) == status
    assert ElementTree.parse(folder / "portero.xml").getroot().tag == "testsuites"


@needs_compose
def test_the_ci_example_fails_the_job_and_leaves_both_reports(project: tuple[Path, int]) -> None:
    folder, status = project
    text = (ROOT / "examples" / "ci" / "portero.yaml").read_text()
    lines = re.findall(r"run: (portero .*)", text)

    assert [_typed(line, folder) for line in lines] == [status]
    assert json.loads((folder / "portero.sarif").read_text())["version"] == "2.1.0"
    assert ElementTree.parse(folder / "portero.xml").getroot().tag == "testsuites"


@needs_compose
@pytest.mark.parametrize(("source", "status"), [("site", 0), ("/etc", 1)])
def test_a_compose_file_of_podman_is_read(tmp_path: Path, source: str, status: int) -> None:
    service = {"image": "docker.io/library/nginx:1.27", "volumes": [f"{source}:/site:ro,Z"], "x-podman.rootfs": False}
    (tmp_path / "podman-compose.yml").write_text(
        json.dumps({"x-podman": {"in_pod": False}, "services": {"web": service}, "volumes": {"site": {}}})
    )

    result = check(str(tmp_path / "podman-compose.yml"))

    assert result.exit_code == status, result.output
    assert ("no-sensitive-paths" in result.output) is bool(status)
