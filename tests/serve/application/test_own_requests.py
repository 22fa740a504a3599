"""Portero's own lookups are known by a random value; anything else that carries it is refused."""

import base64
import json
from typing import Any

import pytest

from portero.observe.dockerd.api import HEADER, SECRET
from portero.serve.application.own_requests import answer_own_request


def envelope(target: str, method: str = "GET", **changed: Any) -> bytes:
    asked = {"RequestMethod": method, "RequestUri": target, "RequestHeaders": {HEADER: SECRET}}
    return json.dumps(asked | changed).encode()


@pytest.mark.parametrize(
    "target",
    [
        *("/containers/web/json", "/exec/0123/json", "/images/a%2Fb/json", "/volumes/data", "/networks/app"),
        *("/volumes/data/x", "/volumes/data%2Fx", "/networks/team/app"),
        *("/secrets/app", "/configs/app", "/info", "/containers/json?all=1", "/networks", "/services", "/tasks/t"),
        *("/secrets?filters=%7B%7D", "/configs"),
    ],
)
def test_a_lookup_is_allowed(target: str) -> None:
    assert answer_own_request(envelope(target)) == {"Allow": True, "Msg": ""}


@pytest.mark.parametrize(
    "data",
    [
        *(envelope("/containers/web/start", "POST"), envelope("/containers/web/attach/ws")),
        *(envelope("/containers/web/export"), envelope("/containers/web/json", "DELETE"), envelope("/secrets", "POST")),
        *(
            envelope("/services/web/logs"),
            envelope("/tasks/t/logs"),
            envelope("/volumes/data/x", "DELETE"),
            envelope("/volumes"),
        ),
        envelope("/containers/web/json", RequestBody=base64.b64encode(b"{}").decode()),
        *(envelope("/containers/web/json", RequestHeaders={"X-Other": SECRET}), envelope("/containers/web/json#")),
        pytest.param(SECRET.encode(), id="no JSON"),
    ],
)
def test_anything_else_with_the_value_is_refused_without_repeating_it(data: bytes) -> None:
    reply = answer_own_request(data)

    assert reply is not None
    assert reply["Allow"] is False
    assert SECRET not in str(reply)


def test_a_request_without_the_value_is_judged() -> None:
    assert answer_own_request(envelope("/containers/web/json", RequestHeaders={HEADER: "0" * 32})) is None
