"""The stand-in's answers, without a socket: what clients need to go on to their next request."""

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from threading import Thread

import pytest

from portero.decide.identity.trusted import Trusted
from portero.decide.interfaces.daemon import ObjectKind
from portero.decide.judging.enforcement import Enforcement
from portero.decide.judging.judge import Judge
from portero.decide.values.json_fields import JSON
from portero.observe.lookups.lookup import DaemonObjects
from portero.tools.standin.answers import StandInDaemon, TrySession
from portero.tools.standin.messages import MAX_SHOWN_BYTES, ClientRequest
from portero.tools.standin.trial_objects import HostObjects, ProjectObjects
from tests.decide.identity.token_makers import issuers, token
from tests.tools.standin.direct_client import ROUTES, Client


def test_a_refused_request_gets_the_words_of_dockerd_and_changes_nothing() -> None:
    daemon = StandInDaemon(ROUTES, lambda asked: "no" if asked.method == "POST" else None)

    answer = daemon.answer(ClientRequest("POST", "/containers/create", JSON_BODY, b"{}"))

    assert (answer.status, answer.body) == (403, {"message": "authorization denied by plugin portero: no"})
    assert daemon.state.containers == {}


JSON_BODY = [("Content-Type", "application/json")]


def test_a_body_that_dockerd_would_not_show_is_refused_before_anybody_is_asked() -> None:
    asked: list[ClientRequest] = []
    large = ClientRequest("POST", "/containers/create", JSON_BODY, b" " * (MAX_SHOWN_BYTES + 1))

    assert StandInDaemon(ROUTES, asked.append).answer(large).status == 500
    assert asked == []


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


def create(**host_config: object) -> ClientRequest:
    body = json.dumps({"Image": "busybox", "HostConfig": host_config}).encode()
    return ClientRequest("POST", "/v1.45/containers/create", JSON_BODY, body)


@pytest.mark.parametrize("privileged", [False, True], ids=["allowed", "refused, and the next one is shown"])
def test_a_request_is_answered_and_kept(judge: Judge, privileged: bool) -> None:
    trial = TrySession(judge, go_on=privileged)

    assert trial.daemon.answer(create(Privileged=privileged)).status == 201
    assert [judged.allowed for judged in trial.decisions] == [not privileged]


def test_limits_that_the_daemon_of_the_host_cannot_enforce_are_not_asked_for(judge: Judge) -> None:
    hardened = replace(judge, enforcement=Enforcement("hardened", "enforce"))

    def list_refusing(existing: HostObjects) -> set[str]:
        trial = TrySession(hardened, existing=existing)
        trial.daemon.answer(create())
        return {one.rule for one in trial.decisions[0].denials}

    missing = list_refusing(HostObjects()) - list_refusing(HostObjects(shown={"MemoryLimit": False}))
    assert missing == {"memory-limit"}


def test_what_a_request_looks_at_does_not_decide_about_another(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    inspect, others = ProjectObjects.inspect, list[Thread]()
    theirs: dict[str, JSON] = {"Id": "f" * 64, "Name": "/theirs", "HostConfig": {"Privileged": True}}

    class Host(HostObjects):
        def inspect(self, kind: str, name: str) -> Mapping[str, JSON]:
            return theirs | {"Config": {"Image": "busybox"}}

    def inspect_while_another_comes(known: ProjectObjects, kind: ObjectKind, name: str) -> Mapping[str, JSON] | None:
        shown = inspect(known, kind, name)
        others.append(Thread(target=trial.daemon.answer, args=(ClientRequest("GET", "/_ping", [], b""),)))
        others[-1].start()
        others[-1].join(0.5)  # as it waits
        return shown

    monkeypatch.setattr(ProjectObjects, "inspect", inspect_while_another_comes)
    trial = TrySession(judge, existing=Host(daemon=DaemonObjects(lambda asking: [])))
    answer = trial.daemon.answer(ClientRequest("POST", "/v1.45/containers/theirs/start", [], b""))
    for other in others:
        other.join()

    assert (answer.status, "existing-container" in str(answer.body)) == (403, True)
    assert len(trial.decisions) == 1 + len(others) > 1


def test_a_network_that_the_stand_in_made_is_judged_by_its_name(judge: Judge) -> None:
    trial = TrySession(judge)
    made = trial.daemon.answer(ClientRequest("POST", "/networks/create", JSON_BODY, b'{"Name": "front"}'))
    assert isinstance(made.body, dict)
    service = {
        "Name": "web",
        "TaskTemplate": {"ContainerSpec": {"Image": "nginx"}, "Networks": [{"Target": made.body["Id"]}]},
    }

    trial.daemon.answer(ClientRequest("POST", "/services/create", JSON_BODY, json.dumps(service).encode()))

    assert "network-resolved" not in {violation.rule for violation in trial.decisions[-1].violations}


def _with_token(value: str) -> ClientRequest:
    return ClientRequest("GET", "/v1.45/containers/json", [("X-Portero-Token", value)])


def test_a_token_that_cannot_be_verified_here_refuses_nothing(judge: Judge) -> None:
    trial = TrySession(judge)

    assert trial.daemon.answer(_with_token(token())).status == 200
    assert trial.decisions[0].subject.user == ""


def test_a_token_counts_where_the_policy_and_the_host_groups_are_known(judge: Judge) -> None:
    trusted = Trusted(issuers())
    known = replace(judge, policy=replace(judge.policy, trusted=trusted), audiences=("web",))
    now = int(time.time())
    trial = TrySession(known)

    assert trial.daemon.answer(_with_token(token(iat=now, exp=now + 600))).status == 200
    refused = trial.daemon.answer(_with_token("x"))
    assert refused.status == 403
    assert "token-invalid" in str(refused.body)
    assert [judged.subject.user for judged in trial.decisions] == ["alicia", ""]
