"""Services and tasks of the stand-in's swarm."""

import pytest

from tests.tools.standin.direct_client import Client, filters


def test_a_service_has_as_many_tasks_as_replicas_and_all_run(docker: Client) -> None:
    answer = docker.ask("POST", "/services/create", {"Name": "web", "Mode": {"Replicated": {"Replicas": 2}}})
    assert isinstance(answer.body, dict)

    tasks = docker.get("/tasks" + filters(service={answer.body["ID"]: True}))

    assert [(task["Slot"], task["Status"]["State"]) for task in tasks] == [(1, "running"), (2, "running")]


def test_an_updated_service_is_what_it_was_updated_to(docker: Client) -> None:
    docker.ask("POST", "/services/web/update?version=1", {"Name": "web", "Labels": {"a": "b"}})

    assert docker.get("/services/web")["Spec"]["Labels"] == {"a": "b"}
    assert len(docker.get("/services" + filters(label={"a=b": True}))) == 1
    docker.ask("DELETE", "/services/web")
    assert docker.get("/services") == []


@pytest.mark.parametrize("kind", ["secrets", "configs"])
def test_secrets_and_configs_are_there_for_users_and_missing_for_makers(docker: Client, kind: str) -> None:
    assert docker.ask("GET", f"/{kind}/pw").status == 404
    assert [found["Spec"]["Name"] for found in docker.get(f"/{kind}" + filters(name={"pw": True}))] == ["pw"]

    docker.ask("POST", f"/{kind}/create", {"Name": "made", "Data": "c2VjcmV0"})

    assert docker.get(f"/{kind}/made")["Spec"] == {"Name": "made"}
