"""The probes: what is sent, and what each answer means."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from portero.decide.reading import go_json
from portero.decide.values.refusals import Refused
from portero.observe.dockerd import api
from portero.observe.dockerd.api import EngineApi
from portero.observe.files.chroot import Files
from portero.tools.hostcheck import probe
from portero.tools.hostcheck.probe import Guarded, explain_unseen, prove_guarded
from tests.tools.hostcheck.answering_dockerd import Dockerd
from tests.tools.hostcheck.host_tree import Host
from tests.unix_server import silent

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
    assert probe.interpret_answer(status, message) == expected


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
        probe.interpret_answer(status, message)


def test_both_bodies_are_sent_and_their_answers_become_facts(dockerd: Dockerd) -> None:
    dockerd.says("POST /containers/create", 403, {"message": DENIED.format("body-duplicate-name")})

    facts: Any = probe.collect_facts(EngineApi(dockerd.address), NOBODY)

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
    probe.collect_facts(EngineApi(dockerd.address), NOBODY)

    for _, headers, body in dockerd.asked:
        assert headers["Content-Type"] == "application/json"
        assert json.loads(body)["Image"] == "portero-probe.invalid/nothing:none"
        assert json.loads(body)["HostConfig"] == {"Memory": 1}
        assert len(body) < 4 << 20
        assert _names(body).count("Image") == 2


@pytest.mark.parametrize("sent", [True, False])
def test_without_an_answer_or_when_nothing_is_asked_for_it_is_unknown(dockerd: Dockerd, sent: bool) -> None:
    dockerd.says("POST /containers/create", 500, {"message": "plugin portero failed"})

    facts: Any = probe.collect_facts(EngineApi(dockerd.address) if sent else None, NOBODY)

    assert {fact["value"] for fact in facts.values()} == {"unknown"}
    assert bool(dockerd.asked) is sent
    for name in ("CVE-2024-41110", "CVE-2026-34040"):
        assert facts[name]["at"].endswith("(not sent)") is not sent


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

    facts: Any = probe.collect_facts(EngineApi(dockerd.address), NOBODY)

    assert facts["arrive"] == {"value": arrive, "at": "decisions of the Portero at /nowhere/portero.sock"}


def _names(body: bytes) -> list[str]:
    try:
        tree = go_json.parse_json(body)
    except Refused as refused:
        pytest.fail(f"the body is refused before its names are compared: {refused}")
    assert isinstance(tree, go_json.Pairs)
    return [name for name, _ in tree]


CONFIG = "/etc/docker/daemon.json"
Prove = Callable[..., Guarded]


@pytest.fixture
def prove(host: Host, dockerd: Dockerd, monkeypatch: pytest.MonkeyPatch) -> Prove:
    def counted(*counts: Any, status: int = 200, config: Any = None) -> Guarded:
        left: Iterator[Any] = iter(counts)
        monkeypatch.setattr(probe, "count_decisions", lambda _: next(left))
        dockerd.says("GET /version", status, {"Version": "26.1.5"})
        if config is not None:
            host.write(CONFIG, json.dumps(config))
        return prove_guarded(host.files, CONFIG, dockerd.address, host.at("/portero.sock"))

    return counted


@pytest.mark.parametrize("status", [200, 403])
def test_a_decision_more_is_the_proof_whatever_it_was(prove: Prove, dockerd: Dockerd, status: int) -> None:
    assert prove(7, 8, status=status) == Guarded(dockerd.address)


@pytest.mark.parametrize(
    ("config", "cure"),
    [
        ({}, 'add "authorization-plugins": ["portero"]'),
        ({"authorization-plugins": ["other"]}, 'add "authorization-plugins": ["portero"]'),
        ({"authorization-plugins": ["portero"]}, "names it: run systemctl reload docker"),
    ],
)
def test_a_dockerd_that_does_not_ask_gets_the_cure(prove: Prove, dockerd: Dockerd, config: Any, cure: str) -> None:
    why = prove(7, 7, config=config).why_not

    assert why.startswith(f"{dockerd.address}: dockerd answers without asking portero; ")
    assert cure in why


def test_without_an_answer_nothing_is_proved(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "count_decisions", lambda _: 7)

    named, seen = (prove_guarded(host.files, CONFIG, address, tmp_path) for address in (str(tmp_path / "none"), None))

    assert "/none: dockerd does not answer (No such file or directory); start it: " in named.why_not
    assert "/run/docker.sock: dockerd does not answer" in seen.why_not


def test_processes_that_cannot_be_seen_are_no_proof(tmp_path: Path) -> None:
    assert prove_guarded(Files(str(tmp_path)), CONFIG, None, tmp_path).why_not.startswith("no dockerd can be seen")


HIDDEN = "authorization denied by plugin portero: NetworkList refused [d-1]\n  policy-unusable  Portero has no policy"


def explain(tmp_path: Path, address: str) -> list[str]:
    return [*explain_unseen(Files(str(tmp_path)), CONFIG, address)]


def test_what_dockerd_says_when_it_refuses_is_told_in_one_line(tmp_path: Path, dockerd: Dockerd) -> None:
    dockerd.says("GET /networks", 403, {"message": HIDDEN})

    (told,) = explain(tmp_path, dockerd.address)

    assert told.startswith(f"{dockerd.address}: dockerd does not say what it is asked, so much is unknown here: ")
    assert told.endswith(f"status 403: {' '.join(HIDDEN.split())}")


def test_a_dockerd_that_answers_needs_no_explanation(tmp_path: Path, dockerd: Dockerd) -> None:
    dockerd.says("GET /networks", 200, [])

    assert explain(tmp_path, dockerd.address) == explain(tmp_path, str(tmp_path / "none.sock")) == []


def test_a_dockerd_that_does_not_answer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "TIMEOUT_SECONDS", 0.1)
    path = str(tmp_path / "docker.sock")
    with silent(path):
        (told,) = explain(tmp_path, path)

    assert told.startswith(f"{path}: dockerd does not answer (")
    assert "portero help when-docker-hangs has the way out" in told
