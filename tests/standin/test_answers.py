"""The stand-in's answers, without a socket: what clients need to go on to their next request."""

import time

import pytest

from portero.standin.answers import StandInDaemon
from portero.standin.envelopes import MAX_SHOWN_BYTES, ClientRequest
from tests.standin.direct_client import ROUTES, Client


def test_a_refused_request_gets_the_words_of_dockerd_and_changes_nothing() -> None:
    daemon = StandInDaemon(ROUTES, lambda asked: "no" if asked.method == "POST" else None)

    answer = daemon.answer(ClientRequest("POST", "/containers/create", [("Content-Type", "application/json")], b"{}"))

    assert (answer.status, answer.body) == (403, {"message": "authorization denied by plugin portero: no"})
    assert daemon.state.containers == {}


def test_a_body_that_dockerd_would_not_show_is_refused_before_anybody_is_asked() -> None:
    asked: list[ClientRequest] = []
    daemon = StandInDaemon(ROUTES, asked.append)

    answer = daemon.answer(
        ClientRequest(
            "POST", "/containers/create", [("Content-Type", "application/json")], b" " * (MAX_SHOWN_BYTES + 1)
        )
    )

    assert (answer.status, asked) == (500, [])


@pytest.mark.parametrize(("method", "target", "status"), [("POST", "/nosuch", 400), ("GET", "/nosuch", 404)])
def test_what_is_no_operation_is_an_error(docker: Client, method: str, target: str, status: int) -> None:
    assert docker.ask(method, target).status == status


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
