"""Services and tasks of the stand-in's swarm."""

from tests.standin.direct_client import Client, filters


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
