"""Exec, logs and files in the stand-in's containers: silent and empty."""

import base64
import json

import pytest

from tests.standin.direct_client import Client, stream_of


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
