"""What check says of people's projects, a real dockerd says too; with the override they are accepted under hardened."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.tools.compose.test_requests import needs_compose
from tests.world.run import Verdict, ask, create_command, disagrees, list_rules_by_file, list_table, tag_images
from tests.world.test_projects import LIMITS, PROJECTS

from .conftest import BOTH_ENGINES
from .guarded import GuardedDocker, serve

pytestmark = [pytest.mark.e2e, BOTH_ENGINES, needs_compose]

# dockerd itself refuses what is not on the throw-away host, after the plugin allowed it.
FOLDER = "/srv/world"


@pytest.fixture(scope="module")
def docker(own_docker: GuardedDocker) -> GuardedDocker:
    folder = own_docker.host.path(FOLDER)
    for each in PROJECTS:
        (folder / each["project"]).mkdir(parents=True)
        (folder / each["project"] / "key.txt").write_text("x")
        (folder / each["project"] / "compose.yaml").write_text(json.dumps(each["compose"]))
    tag_images(own_docker, {one["image"] for each in PROJECTS for one in each["compose"]["services"].values()})
    own_docker.shell("mkdir -p /srv/media/movies /srv/backups /srv/incoming; docker network create front")
    return own_docker


def choose(docker: GuardedDocker, every: int = 1) -> list[dict[str, Any]]:
    """Of the newest engine every fourth project: each takes seconds."""
    return PROJECTS[:: 4 if docker.engine else every]


def file_of(project: dict[str, Any]) -> str:
    return f"{FOLDER}/{project['project']}/compose.yaml"


def check(docker: GuardedDocker, profile: str, projects: list[dict[str, Any]]) -> dict[str, set[str]]:
    """The rules that refuse each file, from one run for all."""
    checked = docker.portero("check", "--profile", profile, "--format", "json", *map(file_of, projects), timeout=300)
    assert checked.returncode in (0, 1), checked.stderr
    return list_rules_by_file(checked.stdout)


def test_check_and_dockerd_agree_and_only_allow_together(docker: GuardedDocker) -> None:
    verdicts = []
    for file, rules in check(docker, "baseline", projects := choose(docker)).items():
        verdicts.append(Verdict(file, frozenset(rules), 0, ask(docker, create_command("--file", file))))

    assert {each.name for each in verdicts} == {*map(file_of, projects)}
    assert [(each.name, each.rules, each.said) for each in verdicts if disagrees(each)] == []
    assert len([*list_table(verdicts)]) > len(verdicts) / 4


def test_what_lacks_limits_only_is_accepted_with_the_override(docker: GuardedDocker) -> None:
    projects = choose(docker, 2)
    lacking = check(docker, "hardened", [each for each in projects if not each.get("asks_too_much")])
    fixed, accepted = [file for file, rules in lacking.items() if rules and rules <= LIMITS], []
    with docker.guarded_by(serve("hardened")):
        docker.portero("check", "--profile", "hardened", "--fix", "--write", *fixed)
        for file in fixed:
            since = docker.log_size()
            docker.shell("docker-compose create --no-build", cwd=str(Path(file).parent), timeout=180)
            lines = [line for line in docker.decisions(since) if line["operation"] == "ContainerCreate"]
            if lines and all(line["allowed"] for line in lines):
                accepted.append(file)

    assert len(fixed) > len(projects) / 6
    assert accepted == fixed
