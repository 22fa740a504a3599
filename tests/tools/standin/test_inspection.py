"""Containers as the stand-in shows them: one by one and as a list."""

import pytest

from tests.tools.standin.direct_client import Client, filters


@pytest.mark.parametrize("body", [[], {"HostConfig": 7}, {"Labels": "x"}])
def test_an_odd_body_is_an_error_and_no_crash(docker: Client, body: object) -> None:
    id = docker.create(HostConfig={})
    docker.ask("POST", "/containers/create", body)

    assert docker.ask("GET", "/containers/json?all=1").status in (200, 400)
    assert docker.status(id) == "created"


def test_a_container_is_found_by_name_id_and_the_beginning_of_its_id(docker: Client) -> None:
    docker.ask("POST", "/containers/create?name=web", {"Image": "nginx"})
    id = docker.get("/containers/web/json")["Id"]

    assert docker.get(f"/containers/{id}/json")["Name"] == "/web"
    assert docker.get(f"/containers/{id[:12]}/json")["Config"]["Image"] == "nginx"


def test_only_what_runs_is_listed_unless_all_is_asked_for(docker: Client) -> None:
    id = docker.create(Labels={"a": "b"})

    assert docker.get("/containers/json") == []
    assert [found["Id"] for found in docker.get("/containers/json?all=1")] == [id]
    assert docker.get("/containers/json" + filters(label={"a=c": True}, status={"created": True})) == []
    assert [found["Id"] for found in docker.get("/containers/json" + filters(status=["created"]))] == [id]


def test_filters_that_cannot_be_read_filter_nothing(docker: Client) -> None:
    docker.create()

    assert len(docker.get("/containers/json?all=1&filters={")) == 1


def test_a_command_in_one_word_is_shown_as_it_is(docker: Client) -> None:
    docker.create(Cmd="true")

    assert docker.get("/containers/json?all=1")[0]["Command"] == "true"
