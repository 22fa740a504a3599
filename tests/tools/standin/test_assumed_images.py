"""Images, builds and registries of the stand-in."""

import json

from tests.tools.standin.direct_client import Client, stream_of


def test_a_login_is_refused_so_that_no_credentials_are_stored(docker: Client) -> None:
    assert docker.ask("POST", "/auth", {"username": "u", "password": "p"}).status == 401


def test_every_image_is_there(docker: Client) -> None:
    image = docker.get("/images/busybox:1.36/json")

    assert (image["RepoTags"], image["Id"].partition(":")[0]) == (["busybox:1.36"], "sha256")


def test_a_build_names_the_image_that_it_made(docker: Client) -> None:
    steps = [json.loads(line) for line in stream_of(docker.ask("POST", "/build?t=app")).splitlines()]

    assert next(step["aux"]["ID"] for step in steps if "aux" in step)[7:19] in steps[-1]["stream"]


def test_a_pulled_plugin_is_named_in_a_header(docker: Client) -> None:
    answer = docker.ask("POST", "/plugins/pull?remote=vieux/sshfs&name=sshfs")

    assert answer.headers["Docker-Plugin-Name"] == "sshfs"
