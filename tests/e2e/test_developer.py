"""A developer whose project is denied, with the denial, docs/denied.md and what they name alone; then CI is green.

Checks run without dockerd, as on a developer's machine and in CI; dockerd is asked at the beginning and at the end.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.paths import ROOT

from .conftest import started
from .guarded import GuardedDocker
from .refusals import refusing
from .walk import read_steps

pytestmark = pytest.mark.e2e
PAGE = ROOT / "docs" / "denied.md"
FIX, CHECK = (step.command for step in read_steps(PAGE) if step.command.startswith("portero check"))
SERVICE = """services:
  web:
    image: nginx:1.27
    privileged: true
    command: [sleep, "600"]
    volumes: ["./pages:/pages"]
"""
FOLDER = "/srv/app"


@pytest.fixture(scope="module")
def docker() -> Iterator[GuardedDocker]:
    with started(GuardedDocker(profile="hardened")) as guarded:
        yield guarded


def bring_up(docker: GuardedDocker, project: Path) -> "subprocess.CompletedProcess[str]":
    for file in project.glob("*.yaml"):
        docker.host.path(f"{FOLDER}/{file.name}").write_text(file.read_text())
    return docker.shell("mkdir -p pages; docker-compose up --detach", cwd=FOLDER, timeout=120)


def type_line(project: Path, line: str, more: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """Type it in the project; `portero` is on the path."""
    place = {"PATH": f"{ROOT}/.venv/bin:{os.environ['PATH']}", "HOME": str(project)}
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", line],
        cwd=project,
        env={**place, **(more or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def run_action(project: Path, temporary: Path) -> tuple[int, str, str]:
    """The steps of action.yml by hand: the exit status of the job, its output and its summary."""
    action = YAML(typ="safe").load(ROOT / "action.yml")
    files = {name: temporary / name for name in ("GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        file.write_text("")
    places = {name: str(file) for name, file in files.items()}
    places |= {"RUNNER_TEMP": str(temporary), "GITHUB_ACTION_PATH": str(ROOT)}
    status = 0
    for step in action["runs"]["steps"]:
        path = ":".join([*files["GITHUB_PATH"].read_text().split(), "/usr/bin:/bin:/usr/sbin:/sbin"])
        values = {
            name: re.sub(
                r"\$\{\{ inputs\.(\w+)(?: \|\| inputs\.\w+)? \}\}",
                lambda found: action["inputs"][found[1]]["default"],
                text,
            )
            for name, text in step.get("env", {}).items()
        }
        done = type_line(project, step["run"], {**places, **values, "PATH": path})
        status = status or done.returncode
        assert done.returncode == 0 or step.get("id") == "check", done.stdout + done.stderr
    return status, files["GITHUB_OUTPUT"].read_text(), files["GITHUB_STEP_SUMMARY"].read_text()


def test_a_denied_project_is_fixed_by_the_page_alone(docker: GuardedDocker, tmp_path: Path) -> None:
    project, runner = tmp_path / "project", tmp_path / "runner"
    for folder in (project, runner, project / "pages"):
        folder.mkdir()
    file = project / "compose.yaml"
    file.write_text(SERVICE)

    denied = bring_up(docker, project)
    red = run_action(project, runner)

    assert denied.returncode != 0
    assert "authorization denied by plugin" in denied.stderr
    assert {"no-privileged", "bind-sources-listed", "pids-limit"} <= {*refusing(denied.stderr)}
    assert red[:2] == (1, "denied=1\n")
    assert "no-privileged" in red[2]

    # The denial names the rule and where to read on, which names the line of the compose file.
    (more,) = re.findall(r"more: (portero explain [a-z-]+)", denied.stderr)
    assert "`more:`" in PAGE.read_text()
    explained = type_line(project, more)
    assert explained.returncode == 0, explained.stderr
    assert "remove privileged: true" in " ".join(explained.stdout.split())
    file.write_text(file.read_text().replace("    privileged: true\n", ""))
    # The page's table has the folder, and its first block the limits.
    assert "| `-v /path:/path` (writable) | `-v /path:/path:ro`, a named volume (`-v data:/path`)" in PAGE.read_text()
    file.write_text(file.read_text().replace("./pages:/pages", "pages:/pages") + "volumes: {pages: {}}\n")
    fixed = type_line(project, FIX)
    checked = type_line(project, CHECK)
    green = run_action(project, runner)

    assert fixed.returncode == 0, fixed.stdout + fixed.stderr
    assert (checked.returncode, checked.stderr) == (0, "portero: judged by the built-in rules, profile hardened\n")
    assert green[:2] == (0, "denied=0\n"), green[2]
    findings = json.loads((project / "portero.sarif").read_text())["runs"][0]["results"]
    assert {finding["level"] for finding in findings} <= {"note"}
    with docker.nothing_refused():
        up = bring_up(docker, project)
    assert up.returncode == 0, up.stderr
    assert "web" in docker.do("docker-compose ps --services --filter status=running", cwd=FOLDER)
