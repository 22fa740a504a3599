"""What requests can change: what is not read is everything, and a name is always changed under both of its holders."""

import base64
import json
from typing import Any

import pytest

from portero.decide.interfaces.effects import EVERYTHING, NOTHING, PossibleChange, Touch
from portero.decide.objects.changes import read_change
from portero.decide.reading.envelope import Envelope
from portero.observe.stores import api_tables
from tests.cases import cases

ROUTES = api_tables.load_api()[0]
ID = "1" * 64


def change(method: str, uri: str, body: Any = None) -> PossibleChange:
    sent = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return read_change(Envelope(method, uri, None, {}, "", "", (), base64.b64encode(sent)), ROUTES)


def test_a_body_that_cannot_be_decoded_may_change_everything() -> None:
    assert read_change(Envelope("POST", "/networks/a/connect", None, {}, "", "", (), b"%"), ROUTES) == EVERYTHING


def containers(*refs: str) -> tuple[Touch, ...]:
    return tuple(Touch("container", ref) for ref in refs)


@pytest.mark.parametrize(("method", "uri", "body", "touches"), cases(__file__, "changes.jsonl"))
def test_what_a_request_can_change(method: str, uri: str, body: Any, touches: list[list[Any]]) -> None:
    assert change(method, uri, body).touches == tuple(Touch(*one) for one in touches)


def test_what_an_answer_can_name_is_known() -> None:
    made = change("POST", "/containers/create?name=web", {})
    assert made == PossibleChange(containers("web"), "container", "web", lasts=False)
    assert change("POST", f"/containers/{ID}/exec", {}) == PossibleChange(makes="exec", name=ID)
    assert len(change("POST", f"/containers/{'x' * 60_000}/exec", {}).name) == 256
    assert change("POST", "/services/create", {}).makes == "service"
    assert change("POST", "/containers/prune").makes == "pruned"
    assert change("PUT", "/containers/web/archive?path=/") == PossibleChange(makes="nothing")
    assert change("POST", "/build") == PossibleChange(makes="nothing")
    assert change("POST", "/images/load") == NOTHING
    assert len(change("POST", f"/containers/create?name={'x' * 60_000}", {}).name) == 256


@pytest.mark.parametrize(
    ("uri", "lasts"),
    [
        *[(f"/containers/{each}", True) for each in ("web/start", "web/rename?name=a", "web/exec", "create?name=cafe")],
        *[(f"/containers/{each}", False) for each in ("web/stop", "web/kill", "prune", "create?name=web", "create")],
        *[("/volumes/prune", False), ("/networks/create", True), ("/services/create", False), ("/swarm/init", False)],
        *[("/nobody/knows", True), ("/networks/front/connect", True)],
    ],
)
def test_what_waits_for_its_answer_is_known(uri: str, *, lasts: bool) -> None:
    assert change("POST", uri, {}).lasts is lasts
