"""Traces of real clients: compose names its trace, dockerd passes it on, and the lines of decisions have it."""

import pytest

from .guarded import GuardedDocker

pytestmark = pytest.mark.e2e

COMPOSE = """
mkdir -p /srv/traced && cd /srv/traced
printf 'services: {one: {image: "nginx:1.27", init: true}}' > compose.yaml
docker-compose up --detach --quiet-pull && docker-compose down
"""


def test_the_lines_of_compose_up_are_in_composes_trace(docker: GuardedDocker) -> None:
    before = docker.log_size()
    done = docker.shell(COMPOSE, timeout=120)
    assert done.returncode == 0, done.stderr
    decisions = docker.decisions(before)

    traced = [decision for decision in decisions if "traceId" in decision]
    assert {"ContainerCreate", "ContainerStart", "ContainerDelete"} <= {each["operation"] for each in traced}
    assert all(each["parentSpanId"] for each in traced)
    # Newer releases begin further traces, for what they look up beforehand.
    up = {each["traceId"] for each in traced if each["operation"] in ("ContainerCreate", "ContainerStart")}
    assert len(up) == 1
