"""The probes: what is sent, and what each answer means."""

import json
from pathlib import Path
from typing import Any

import pytest

from portero.dockerd.api import EngineApi
from portero.hostcheck import probe
from portero.reading import go_json
from portero.refusals import Refused
from tests.hostcheck.answering_dockerd import Dockerd

NOBODY = Path("/nowhere/portero.sock")
DENIED = "authorization denied by plugin portero: ContainerCreate refused [d-1]\n  {}  why. What."


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        (403, DENIED.format("body-duplicate-name"), "fixed"),
        (403, DENIED.format("body-missing"), "vulnerable"),
        (403, DENIED.format("body-hidden"), "vulnerable"),
        (500, "request body too large for authorization plugin: maximum is 4194304", "fixed"),
        (404, "No such image: portero-probe.invalid/nothing:none", "unguarded"),
        (400, "Minimum memory limit allowed is 6MB", "unguarded"),
    ],
)
def test_an_answer_tells_whether_the_plugin_saw_the_body(status: int, message: str, expected: str) -> None:
    assert probe.interpret(status, message) == expected


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (403, "authorization denied by plugin other: no"),
        (500, "plugin portero failed with error: dial unix"),
        (201, ""),
        (404 + 100, "body-duplicate-name"),
    ],
)
def test_other_answers_tell_nothing(status: int, message: str) -> None:
    with pytest.raises(ValueError, match="is not an expected one"):
        probe.interpret(status, message)


def test_both_bodies_are_sent_and_their_answers_become_facts(dockerd: Dockerd) -> None:
    dockerd.says("POST /containers/create", 403, {"message": DENIED.format("body-duplicate-name")})

    facts: Any = probe.facts(EngineApi(dockerd.address), NOBODY)

    assert {name: fact["value"] for name, fact in facts.items()} == {
        "CVE-2024-41110": "fixed",
        "CVE-2026-34040": "fixed",
        "arrive": "unknown",
    }
    (_, chunked, short), (_, plain, long) = dockerd.asked
    assert "Content-Length" not in chunked
    assert chunked["Transfer-Encoding"] == "chunked"
    assert int(plain["Content-Length"]) == len(long) > 1 << 20
    assert len(short) < 1000


def test_portero_refuses_the_body_that_is_sent_and_dockerd_could_create_nothing_of_it(dockerd: Dockerd) -> None:
    probe.facts(EngineApi(dockerd.address), NOBODY)

    for _, headers, body in dockerd.asked:
        assert headers["Content-Type"] == "application/json"
        assert json.loads(body)["Image"] == "portero-probe.invalid/nothing:none"
        assert json.loads(body)["HostConfig"] == {"Memory": 1}
        assert len(body) < 4 << 20
        assert _names(body).count("Image") == 2


def test_a_silent_dockerd_leaves_it_unknown(dockerd: Dockerd) -> None:
    dockerd.says("POST /containers/create", 500, {"message": "plugin portero failed"})

    facts: Any = probe.facts(EngineApi(dockerd.address), NOBODY)

    assert {fact["value"] for fact in facts.values()} == {"unknown"}


def test_nothing_is_sent_unless_asked_for() -> None:
    facts: Any = probe.facts(None, NOBODY)

    assert {fact["value"] for fact in facts.values()} == {"unknown"}
    assert all(facts[name]["at"].endswith("(not sent)") for name in ("CVE-2024-41110", "CVE-2026-34040"))


@pytest.mark.parametrize(
    ("counts", "arrive"), [([5, 7], True), ([5, 5], False), ([5, None], "unknown"), ([None, 7], "unknown")]
)
def test_probes_arrive_where_portero_decided_meanwhile(
    dockerd: Dockerd, monkeypatch: pytest.MonkeyPatch, counts: list[int | None], arrive: object
) -> None:
    def count(portero: Path) -> int:
        assert portero == NOBODY
        number = counts.pop(0)
        if number is None:
            raise OSError("no answer")
        return number

    monkeypatch.setattr(probe, "count_decisions", count)

    facts: Any = probe.facts(EngineApi(dockerd.address), NOBODY)

    assert facts["arrive"] == {"value": arrive, "at": "decisions of the Portero at /nowhere/portero.sock"}


def _names(body: bytes) -> list[str]:
    try:
        tree = go_json.parse_json(body)
    except Refused as refused:
        pytest.fail(f"the body is refused before its names are compared: {refused}")
    assert isinstance(tree, go_json.Pairs)
    return [name for name, _ in tree]
