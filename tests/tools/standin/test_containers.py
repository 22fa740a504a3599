"""Containers of the stand-in: made, started, waited for, removed."""

import base64
import json

import pytest

from tests.tools.standin.direct_client import Client, labelled, stream_of


@pytest.mark.parametrize(
    "steps",
    [
        {"start": "running", "pause": "paused", "stop": "exited"},
        {"start": "running", "kill?signal=HUP": "running", "kill?signal=KILL": "exited"},
    ],
    ids=["started, paused and stopped", "with a signal that ends it and one that does not"],
)
def test_a_container_runs_until_it_is_ended(docker: Client, steps: dict[str, str]) -> None:
    id = docker.create()
    assert docker.status(id) == "created"

    for step, status in steps.items():
        docker.ask("POST", f"/containers/{id}/{step}")
        assert docker.status(id) == status


def test_an_attached_container_ends_as_soon_as_it_has_started(docker: Client) -> None:
    id = docker.create()
    attached = docker.ask("POST", f"/containers/{id}/attach")
    waiting = docker.ask("POST", f"/containers/{id}/wait")

    docker.ask("POST", f"/containers/{id}/start")

    assert (attached.status, attached.hijacked, stream_of(attached)) == (101, True, b"")
    assert stream_of(waiting) == b'{"StatusCode":0}\n'
    assert docker.status(id) == "exited"


def test_a_container_that_removes_itself_is_gone_in_the_end(docker: Client) -> None:
    id = docker.create(HostConfig={"AutoRemove": True})
    docker.ask("POST", f"/containers/{id}/attach")

    docker.ask("POST", f"/containers/{id}/start")

    assert docker.get("/containers/json?all=1") == []


def test_a_job_that_another_service_waits_for_completes(compose: Client) -> None:
    job = compose.create(Labels=labelled(service="migrate", project="p"))
    compose.create(
        Labels=labelled(service="web", depends_on="x")
        | {"com.docker.compose.depends_on": "migrate:service_completed_successfully:false"}
    )

    compose.ask("POST", f"/containers/{job}/start")

    assert compose.status(job) == "exited"


@pytest.mark.parametrize(
    "target", ["/containers/web/archive?path=/etc", "/containers/web/export", "/images/get", "/images/busybox/get"]
)
def test_nothing_is_given_that_a_client_would_write_to_the_users_disk(docker: Client, target: str) -> None:
    assert docker.ask("GET", target).status == 404


def test_a_command_in_a_container_is_silent_and_ends_well(docker: Client) -> None:
    made = docker.ask("POST", "/containers/web/exec", {"Cmd": ["id"]})
    assert isinstance(made.body, dict)
    id = made.body["Id"]

    attached = docker.ask("POST", f"/exec/{id}/start", {"Detach": False})
    detached = docker.ask("POST", f"/exec/{id}/start", {"Detach": True})

    assert (attached.status, attached.hijacked, stream_of(attached)) == (101, True, b"")
    assert (detached.status, detached.hijacked) == (200, False)
    assert docker.get(f"/exec/{id}/json")["ExitCode"] == 0


def test_every_path_is_a_folder_so_that_docker_cp_goes_on(docker: Client) -> None:
    answer = docker.ask("HEAD", "/containers/web/archive?path=/srv/data/")

    described = json.loads(base64.b64decode(answer.headers["X-Docker-Container-Path-Stat"]))
    assert (described["name"], described["mode"] >> 31) == ("data", 1)


def test_what_compose_watches_runs_until_all_is_quiet(compose: Client) -> None:
    id = compose.create(Labels=labelled(oneoff="False", project="p"))
    compose.ask("POST", f"/containers/{id}/attach")
    compose.ask("POST", f"/containers/{id}/start")
    assert compose.status(id) == "running"

    events = [json.loads(line) for line in stream_of(compose.ask("GET", "/events")).splitlines()]

    assert [(event["Action"], event["id"]) for event in events] == [("die", id)]
    assert compose.status(id) == "exited"


def test_past_events_are_reported_by_container(docker: Client) -> None:
    first, second = docker.create(), docker.create()
    docker.ask("POST", f"/containers/{first}/start")

    events = stream_of(
        docker.ask("GET", f"/events?until=0&filters={json.dumps({'container': [second]})}".replace(" ", ""))
    )

    assert [json.loads(line)["Action"] for line in events.splitlines()] == ["create"]
