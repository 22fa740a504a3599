"""What requests can change: what is not read is everything, and a name is always changed under both of its holders."""

import base64
import json
from typing import Any

import pytest

from portero.decide.interfaces.effects import EVERYTHING, NOTHING, PossibleChange, Touch
from portero.decide.objects.changes import read_change
from portero.decide.reading.envelope import Envelope
from portero.observe.stores import api_tables

ROUTES = api_tables.load_api()[0]
ID = "1" * 64


def change(method: str, uri: str, body: Any = None) -> PossibleChange:
    sent = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_change(Envelope(method, uri, None, {}, "", "", (), base64.b64encode(sent)), ROUTES)


def test_a_body_that_cannot_be_decoded_may_change_everything() -> None:
    assert read_change(Envelope("POST", "/networks/a/connect", None, {}, "", "", (), b"%"), ROUTES) == EVERYTHING


def containers(*refs: str) -> tuple[Touch, ...]:
    return tuple(Touch("container", ref) for ref in refs)


@pytest.mark.parametrize(
    ("method", "uri", "body", "touches"),
    [
        ("POST", "/v1.45/containers/create?name=web", {}, containers("web")),
        ("POST", "/containers/create", {}, ()),
        ("POST", "/containers/web/rename?name=%2Fother", None, containers("web", "other")),
        ("POST", "/containers/web/rename", None, containers("web")),
        ("POST", "/containers/web/update", {}, (Touch("container", "web"), Touch("state", "web"))),
        ("DELETE", "/containers/web?force=1", None, (Touch("container", "web"), Touch("state", "web"))),
        ("POST", "/containers/web/start", None, (Touch("start", "web"), Touch("state", "web"))),
        ("POST", "/containers/web/restart?t=1", b"", (Touch("start", "web"), Touch("state", "web"))),
        ("POST", "/v1.23/containers/web/start", {}, (Touch("container", "web"), Touch("state", "web"))),
        ("POST", "/containers/web/stop", None, (Touch("state", "web"),)),
        ("POST", "/containers/prune", None, ()),
        ("POST", "/networks/front/connect", {"container": "/web"}, containers("web")),
        ("POST", "/networks/front/disconnect", {"Container": "a", "CONTAINER": "b"}, containers("")),
        ("POST", "/networks/front/connect", b"{", containers("")),
        ("POST", "/networks/front/connect", b"[]", containers("")),
        ("POST", "/networks/front/connect", {"Container": "web/db"}, containers("")),
        ("POST", "/containers/web/db/stop", None, (Touch("state"),)),
        ("POST", f"/containers/{'x' * 255}/rename?name={'x' * 256}", None, containers("x" * 255)),
        ("DELETE", "/networks/front", None, (Touch("network"),)),
        ("DELETE", "/volumes/data", None, (Touch("volume", "data"),)),
        ("POST", "/volumes/prune", None, (Touch("volume"),)),
        ("POST", "/swarm/init", {}, EVERYTHING.touches),
        ("POST", "/nobody/knows", {}, EVERYTHING.touches),
        ("POST", "/containers/%zz/rename", None, EVERYTHING.touches),
        ("POST", "/images/create?fromImage=a", None, ()),
        ("GET", "/containers/json", None, ()),
    ],
)
def test_what_a_request_can_change(method: str, uri: str, body: Any, touches: tuple[Touch, ...]) -> None:
    assert change(method, uri, body).touches == touches


def test_what_an_answer_can_name_is_known() -> None:
    made = change("POST", "/containers/create?name=web", {})
    assert made == PossibleChange(containers("web"), "container", "web", lasts=False)
    assert change("POST", "/containers/web/exec", {}).makes == "exec"
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
