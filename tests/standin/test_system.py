"""The daemon itself and its events."""

import json

from tests.standin.direct_client import Client, labelled, stream_of


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
