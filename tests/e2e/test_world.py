"""What check says of people's projects, a real dockerd says too; with the override they are accepted under hardened."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.compose.test_requests import needs_compose
from tests.world.run import disagrees, judge, list_rules, list_table
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
    own_docker.shell("mkdir -p /srv/media/movies /srv/backups /srv/incoming; docker network create front")
    return own_docker


def choose(docker: GuardedDocker, every: int = 1) -> list[dict[str, Any]]:
    """Of the newest engine every fourth project: each takes seconds."""
    return PROJECTS[:: 4 if docker.engine else every]


def test_check_and_dockerd_agree_and_only_allow_together(docker: GuardedDocker) -> None:
    files = [Path(FOLDER, each["project"], "compose.yaml") for each in choose(docker)]
    verdicts = [verdict for file in files for verdict in judge(file, "baseline", docker)]

    assert [verdict for verdict in verdicts if verdict.rules is None] == []
    assert [(each.name, each.rules, each.said) for each in verdicts if disagrees(each)] == []
    assert len([*list_table(verdicts)]) > len(verdicts) / 4


def test_what_lacks_limits_only_is_accepted_with_the_override(docker: GuardedDocker) -> None:
    fixed, accepted, projects = [], [], choose(docker, 2)
    with docker.guarded_by(serve("hardened")):
        for each in projects:
            file = f"{FOLDER}/{each['project']}/compose.yaml"
            before = {*list_rules(docker.portero("check", "--profile", "hardened", "--format", "json", file).stdout)}
            if each.get("asks_too_much") or not before or not before <= LIMITS:
                continue
            fixed.append(each["project"])
            docker.portero("check", "--profile", "hardened", "--fix", "--write", file)
            since = docker.log_size()
            docker.shell(f"cd {FOLDER}/{each['project']} && docker-compose create --no-build")
            lines = [line for line in docker.decisions(since) if line["operation"] == "ContainerCreate"]
            if lines and all(line["allowed"] for line in lines):
                accepted.append(each["project"])

    assert len(fixed) > len(projects) / 6
    assert accepted == fixed
