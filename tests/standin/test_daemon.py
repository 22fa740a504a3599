"""The stand-in's answers, without a socket: what clients need to go on to their next request."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from portero.reading.routes import Routes
from portero.standin.daemon import Daemon
from portero.standin.forward import MOST_SHOWN, Asked
from portero.standin.messages import Answer
from tests.paths import SCHEMAS

ROUTES = Routes.load(json.loads((SCHEMAS / "operations.json").read_text()))
COMPOSE = "compose/2.26.1"


class Client:
    """Asks a daemon directly."""

    def __init__(self, client: str = "Docker-Client/26.1.5") -> None:
        self.daemon = Daemon(ROUTES, lambda _: None)
        self.client = client

    def ask(self, method: str, target: str, body: object = None) -> Answer:
        headers = [("User-Agent", self.client)]
        if body is not None:
            headers.append(("Content-Type", "application/json"))
        return self.daemon.answer(Asked(method, target, headers, b"" if body is None else json.dumps(body).encode()))

    def get(self, target: str) -> Any:
        answer = self.ask("GET", target)
        assert answer.status == 200, answer.body
        return answer.body

    def create(self, **body: object) -> str:
        answer = self.ask("POST", "/containers/create", {"Image": "busybox", **body})
        assert answer.status == 201
        assert isinstance(answer.body, dict)
        return str(answer.body["Id"])

    def status(self, container: str) -> str:
        return str(self.get(f"/containers/{container}/json")["State"]["Status"])


@pytest.fixture
def docker() -> Client:
    return Client()


@pytest.fixture
def compose() -> Client:
    return Client(COMPOSE)


def told(answer: Answer) -> bytes:
    stream: Iterator[bytes] = iter(answer.stream or ())
    return b"".join(stream)


def labelled(**labels: str) -> dict[str, str]:
    return {f"com.docker.compose.{name.replace('_', '-')}": value for name, value in labels.items()}


def filters(**said: object) -> str:
    return f"?filters={json.dumps(said).replace(' ', '')}"


def test_a_refused_request_gets_the_words_of_dockerd_and_changes_nothing() -> None:
    daemon = Daemon(ROUTES, lambda asked: "no" if asked.method == "POST" else None)

    answer = daemon.answer(Asked("POST", "/containers/create", [("Content-Type", "application/json")], b"{}"))

    assert (answer.status, answer.body) == (403, {"message": "authorization denied by plugin portero: no"})
    assert daemon.state.containers == {}


def test_a_body_that_dockerd_would_not_show_is_refused_before_anybody_is_asked() -> None:
    asked: list[Asked] = []
    daemon = Daemon(ROUTES, asked.append)

    answer = daemon.answer(
        Asked("POST", "/containers/create", [("Content-Type", "application/json")], b" " * (MOST_SHOWN + 1))
    )

    assert (answer.status, asked) == (500, [])


@pytest.mark.parametrize(("method", "target", "status"), [("POST", "/nosuch", 400), ("GET", "/nosuch", 404)])
def test_what_is_no_operation_is_an_error(docker: Client, method: str, target: str, status: int) -> None:
    assert docker.ask(method, target).status == status


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


def test_a_container_that_nobody_made_was_there_before_and_runs(docker: Client) -> None:
    assert docker.status("netbase") == "running"
    assert docker.get("/containers/json?all=1") == []


def test_a_started_container_runs_and_a_stopped_one_does_not(docker: Client) -> None:
    id = docker.create()
    assert docker.status(id) == "created"

    docker.ask("POST", f"/containers/{id}/start")
    assert docker.status(id) == "running"

    docker.ask("POST", f"/containers/{id}/pause")
    assert docker.status(id) == "paused"

    docker.ask("POST", f"/containers/{id}/stop")
    assert docker.status(id) == "exited"


def test_an_attached_container_ends_as_soon_as_it_has_started(docker: Client) -> None:
    id = docker.create()
    attached = docker.ask("POST", f"/containers/{id}/attach")
    waiting = docker.ask("POST", f"/containers/{id}/wait")

    docker.ask("POST", f"/containers/{id}/start")

    assert (attached.status, attached.hijacked, told(attached)) == (101, True, b"")
    assert told(waiting) == b'{"StatusCode":0}\n'
    assert docker.status(id) == "exited"


def test_a_container_that_removes_itself_is_gone_in_the_end(docker: Client) -> None:
    id = docker.create(HostConfig={"AutoRemove": True})
    docker.ask("POST", f"/containers/{id}/attach")

    docker.ask("POST", f"/containers/{id}/start")

    assert docker.get("/containers/json?all=1") == []


def test_a_signal_that_does_not_end_a_process_leaves_it_running(docker: Client) -> None:
    id = docker.create()
    docker.ask("POST", f"/containers/{id}/start")

    docker.ask("POST", f"/containers/{id}/kill?signal=HUP")
    assert docker.status(id) == "running"

    docker.ask("POST", f"/containers/{id}/kill?signal=KILL")
    assert docker.status(id) == "exited"


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


def test_a_job_that_another_service_waits_for_completes(compose: Client) -> None:
    job = compose.create(Labels=labelled(service="migrate", project="p"))
    compose.create(
        Labels=labelled(service="web", depends_on="x")
        | {"com.docker.compose.depends_on": "migrate:service_completed_successfully:false"}
    )

    compose.ask("POST", f"/containers/{job}/start")

    assert compose.status(job) == "exited"


def test_what_compose_watches_runs_until_all_is_quiet(compose: Client) -> None:
    id = compose.create(Labels=labelled(oneoff="False", project="p"))
    compose.ask("POST", f"/containers/{id}/attach")
    compose.ask("POST", f"/containers/{id}/start")
    assert compose.status(id) == "running"

    events = [json.loads(line) for line in told(compose.ask("GET", "/events")).splitlines()]

    assert [(event["Action"], event["id"]) for event in events] == [("die", id)]
    assert compose.status(id) == "exited"


def test_past_events_are_told_by_container(docker: Client) -> None:
    first, second = docker.create(), docker.create()
    docker.ask("POST", f"/containers/{first}/start")

    events = told(docker.ask("GET", f"/events?until=0&filters={json.dumps({'container': [second]})}".replace(" ", "")))

    assert [json.loads(line)["Action"] for line in events.splitlines()] == ["create"]


def test_compose_misses_what_it_has_to_make_and_docker_has_what_it_names(docker: Client, compose: Client) -> None:
    for target in ("/networks/front", "/volumes/data"):
        assert compose.ask("GET", target).status == 404
        assert docker.get(target)["Name"] == target.rpartition("/")[2]


def test_a_made_network_has_its_name_behind_its_id(docker: Client) -> None:
    answer = docker.ask("POST", "/networks/create", {"Name": "front", "Labels": {"a": "b"}})
    assert isinstance(answer.body, dict)
    id = str(answer.body["Id"])

    assert docker.daemon.state.network_name(id) == "front"
    assert [network["Id"] for network in docker.get("/networks" + filters(label={"a=b": True}))] == [id]
    docker.ask("DELETE", "/networks/front")
    assert docker.daemon.state.network_name(id) is None


def test_networks_of_dockerd_are_there() -> None:
    names = [network["Name"] for network in Client(COMPOSE).get("/networks")]

    assert names == ["bridge", "host", "none"]


def test_a_made_volume_is_listed_until_it_is_removed(compose: Client) -> None:
    compose.ask("POST", "/volumes/create", {"Name": "data", "Labels": {"a": "b"}})

    assert compose.get("/volumes/data")["Labels"] == {"a": "b"}
    assert [volume["Name"] for volume in compose.get("/volumes" + filters(label={"a": True}))["Volumes"]] == ["data"]
    compose.ask("DELETE", "/volumes/data")
    assert compose.get("/volumes")["Volumes"] == []


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
def test_secrets_and_configs_are_there_for_who_uses_them_and_missing_for_who_makes_them(
    docker: Client, kind: str
) -> None:
    assert docker.ask("GET", f"/{kind}/pw").status == 404
    assert [found["Spec"]["Name"] for found in docker.get(f"/{kind}" + filters(name={"pw": True}))] == ["pw"]

    docker.ask("POST", f"/{kind}/create", {"Name": "made", "Data": "c2VjcmV0"})

    assert docker.get(f"/{kind}/made")["Spec"] == {"Name": "made"}


@pytest.mark.parametrize(
    "target", ["/containers/web/archive?path=/etc", "/containers/web/export", "/images/get", "/images/busybox/get"]
)
def test_nothing_is_given_that_a_client_would_write_to_the_users_disk(docker: Client, target: str) -> None:
    assert docker.ask("GET", target).status == 404


def test_a_login_is_refused_so_that_no_credentials_are_stored(docker: Client) -> None:
    assert docker.ask("POST", "/auth", {"username": "u", "password": "p"}).status == 401


def test_every_operation_gets_an_answer() -> None:
    docker = Client()
    docker.daemon.state.last_call = time.monotonic() - 10
    for operation in ROUTES.operations:
        method = "GET" if operation.method == "*" else operation.method
        target = operation.path.replace("{id}", "x").replace("{name}", "x").replace("{checkpoint}", "x")
        for wildcard in ("{id:.*}", "{name:.*}", "{id:.+}", "{anyroute:.*}"):
            target = target.replace(wildcard, "x")

        answer = docker.ask(method, target, {} if operation.body == "json" else None)

        assert answer.status < 500, operation.id
