"""Traces of real clients: compose names its trace, dockerd passes it on, and the lines of decisions have it."""

import json

import pytest

from .guarded import GuardedDocker
from .rawhttp import exchange, render

pytestmark = pytest.mark.e2e

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
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


@pytest.mark.parametrize(
    ("values", "trace"),
    [
        ([f"00-{TRACE}-{SPAN}-01"], TRACE),
        ([f"00-{TRACE}-{SPAN}-00"], TRACE),
        ([], None),
        (["x"], None),
        ([f"00-{'0' * 32}-{SPAN}-01"], None),
        (["00-" + "a" * 60_000], None),
        ([f'00-{TRACE}-{SPAN}-01", "allowed": true'], None),
        ([f"00-{TRACE}-{SPAN}-01", "\xff\xfe"], None),
    ],
    ids=["sampled", "not sampled", "none", "short", "zeros", "long", "json", "two"],
)
def test_a_hostile_traceparent_changes_no_decision(docker: GuardedDocker, values: list[str], trace: str | None) -> None:
    for host_config, status in (({}, 201), ({"Privileged": True}, 403)):
        body = json.dumps({"Image": "busybox", "HostConfig": host_config}).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        before = docker.log_size()
        answer = exchange(
            docker.socket,
            render("POST", "/containers/create", [*headers, *(("Traceparent", value) for value in values)], body),
        )
        (decision,) = [each for each in docker.decisions(before) if each["operation"] == "ContainerCreate"]
        assert (answer.status, decision.get("traceId")) == (status, trace)
