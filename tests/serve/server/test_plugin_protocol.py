"""The calls of Docker's plugin protocol."""

import errno
import json
from collections.abc import Callable

import pytest

from portero.decide.interfaces.daemon import Peer
from portero.decide.reading.envelope import MAX_BYTES
from portero.decide.values.json_fields import JSON
from portero.serve.server.plugin_protocol import CALLS, MAX_READ, MAX_SENT
from tests.serve.server.running import Server
from tests.serve.server.stand_in import StandIn

NOBODY = Peer(0, 0)
ALLOWED = {"Allow": True, "Msg": ""}


def test_activation_offers_authorization_in_json_for_dockerds_plugin_client(server: Server) -> None:
    connection = server.connection()
    connection.request("POST", "/Plugin.Activate")
    answer = connection.getresponse()

    assert answer.headers["Content-Type"] == "application/vnd.docker.plugins.v1.2+json"
    assert (answer.status, json.loads(answer.read())) == (200, {"Implements": ["authz"]})
    connection.close()


class Failing(StandIn):
    def answer(self, data: bytes, peer: Peer) -> dict[str, JSON]:
        raise ZeroDivisionError

    def note_result(self, data: bytes, peer: Peer, send: Callable[[], None] | None = None) -> None:
        raise OSError(errno.EMFILE, "too many open files")


def test_a_request_is_answered_by_the_judge_and_a_failure_of_it_is_a_denial(caplog: pytest.LogCaptureFixture) -> None:
    before = CALLS["/AuthZPlugin.AuthZReq"]

    assert before(StandIn(), b"{}", NOBODY)["Allow"] is True
    assert before(Failing(), b"{}", NOBODY) == {"Allow": False, "Msg": "internal-error"}
    assert "ZeroDivisionError" in caplog.text


def test_what_was_carried_out_is_noted_and_not_judged(caplog: pytest.LogCaptureFixture) -> None:
    assert CALLS["/AuthZPlugin.AuthZRes"](Failing(), b"{}", NOBODY) == ALLOWED
    assert "too many open files" in caplog.text


def test_more_is_read_than_an_envelope_may_hold_so_that_the_judge_can_refuse_it() -> None:
    assert MAX_BYTES < MAX_READ < MAX_SENT
