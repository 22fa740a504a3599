"""A decision is made again for the very same envelope while the host answers alike; everything else is judged."""

import base64
import json
import os
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from portero.decision import Decision
from portero.host.fixed import FixedHost
from portero.host.peer import Peer
from portero.host.view import HostMoment
from portero.identity.caller import Identity
from portero.judging import decided_before
from portero.judging.decided_before import WatchedMoment
from portero.judging.judge import Judge
from portero.refusals import Refused
from portero.service.loading import judge_of
from portero.service.settings import Settings
from tests import captured

NOON = 1_800_000_000.0
LIST = {
    "RequestMethod": "GET",
    "RequestUri": "/v1.45/containers/json?all=1",
    "RequestHeaders": {"User-Agent": "docker"},
}
ALLOWED = {
    "User": "10001:10001",
    "Image": "registry.example.com/shop/web:1.4.2",
    "HostConfig": {
        "Binds": ["/srv/site:/srv:ro"],
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges:true"],
        "Memory": 134217728,
        "MemorySwap": 134217728,
        "NanoCpus": 500000000,
        "PidsLimit": 64,
        "ReadonlyRootfs": True,
        "Ulimits": [{"Name": "nofile", "Soft": 1024, "Hard": 2048}],
    },
}


@cache
def loaded() -> Judge:
    return judge_of(Settings.read({}, {"profile": "hardened", "host_root": "none"}))[0]


def make_judge(host: Any = None, **changed: Any) -> Judge:
    return replace(loaded(), host=host or FixedHost(captured.HOST), **changed)


@pytest.fixture
def judge() -> Judge:
    return make_judge()


def asked(**changed: object) -> bytes:
    return json.dumps(LIST | changed).encode()


def create(**host_config: object) -> bytes:
    body = {**ALLOWED, "HostConfig": {**ALLOWED["HostConfig"], **host_config}}  # type: ignore[dict-item]
    return asked(
        RequestMethod="POST",
        RequestUri="/v1.45/containers/create",
        RequestHeaders={"Content-Type": "application/json"},
        RequestBody=base64.b64encode(json.dumps(body).encode()).decode(),
    )


def kept(judge: Judge) -> dict[bytes, Any]:
    return judge._before._made


def decide_twice(judge: Judge, data: bytes) -> Decision:
    """What comes once is not watched; what comes again is."""
    judge.decide(data, "d-1", NOON)
    assert kept(judge) == {}
    return judge.decide(data, "d-1", NOON)


def rules(decision: Decision) -> set[str]:
    return {violation.rule for violation in decision.violations if violation.action == "deny"}


@pytest.mark.parametrize(
    ("data", "refused_by"),
    [(asked(), set()), (create(), set()), (create(Privileged=True), {"no-privileged"})],
    ids=["list", "create", "refused create"],
)
def test_the_same_envelope_gets_the_same_decision_without_being_judged(
    judge: Judge, monkeypatch: pytest.MonkeyPatch, data: bytes, refused_by: set[str]
) -> None:
    first = decide_twice(judge, data)
    assert rules(first) == refused_by
    monkeypatch.setattr(Judge, "_decide", lambda *_: pytest.fail("it is judged"))

    assert judge.decide(data, "d-2", NOON + 1) == replace(first, id="d-2", time=NOON + 1)


def every_envelope(judge: Judge) -> list[bytes]:
    found = [json.dumps(one).encode() for case in captured.envelopes().values() for one in case]
    for operation in judge.routes.operations:
        path = operation.path.replace("{id:.*}", "web").replace("{name:.*}", "web").replace("{name:.+}", "web")
        path = path.replace("{", "").replace("}", "")
        found.append(asked(RequestMethod=operation.method, RequestUri=f"/v1.45{path}"))
    return [*dict.fromkeys(found)]


def test_what_is_decided_again_is_what_a_judge_decides_who_knows_nothing(judge: Judge) -> None:
    operations = set()
    for data in every_envelope(judge):
        for _ in range(2):
            judge.decide(data, "d-1", NOON)
        again, fresh = judge.decide(data, "d-1", NOON), replace(judge).decide(data, "d-1", NOON)
        assert again == fresh, data
        assert again.suggestion == fresh.suggestion, data
        if judge._before.name(data) in kept(judge):
            operations.add(again.subject.operation)

    assert operations >= {
        "ContainerCreate",
        "ContainerList",
        "ServiceCreate",
        "ImageBuild",
        "VolumeCreate",
        "SystemPing",
    }


class OtherMoment:
    """Answers one question otherwise, and the others as they were answered."""

    def __init__(self, answers: dict[Any, object], other: Any, change: Callable[[], object]) -> None:
        self._answers = answers
        self._other = other
        self._change = change

    def __getattr__(self, name: str) -> Any:
        def answer(*values: str) -> object:
            question = name, values
            return self._change() if question == self._other else self._answers[question]

        return answer


def unreadable() -> object:
    raise Refused("host-unreadable")


@pytest.mark.parametrize("change", [object, unreadable, lambda: 1 / 0], ids=["other", "unreadable", "error"])
def test_every_answer_of_the_host_counts(judge: Judge, change: Callable[[], object]) -> None:
    asked_for = set()
    for data in every_envelope(judge):
        judge.decide(data, "d-1", NOON)
        judge.decide(data, "d-1", NOON)
        name = judge._before.name(data)
        made = kept(judge).get(name)
        for question, _ in made.answers if made else ():
            answers = {**dict(made.answers), ("objects", ()): None}
            if question[0] != "objects":
                host: Any = OtherMoment(answers, question, change)
                assert judge._before.find(name, host) is None, (data, question)
                asked_for.add(question[0])
            assert judge._before.find(name, OtherMoment(answers, None, change)) is made.decision  # type: ignore[arg-type]

    # A passage is only asked for where the daemon is.
    assert asked_for == {"look", "trace", "network", "daemon", "routes"}


def test_whether_the_daemon_can_be_asked_counts(judge: Judge) -> None:
    data = create(Binds=[])
    first = decide_twice(judge, data)
    name = judge._before.name(data)

    assert judge._before.find(name, FixedHost(captured.HOST)) == first
    assert judge._before.find(name, FixedHost({**captured.HOST, "objects": {}})) is None


def test_a_link_that_comes_up_between_two_alike_is_followed(tmp_path: Path) -> None:
    settings = {"profile": "hardened", "host_root": str(tmp_path), "lookups": "off"}
    for folder in ("srv/site", "etc", "proc/self"):
        (tmp_path / folder).mkdir(parents=True)
    judge = judge_of(Settings.read({}, settings))[0]
    data = create()
    before = decide_twice(judge, data)
    assert rules(before) == set()
    assert len(kept(judge)) == 1

    (tmp_path / "srv/site").rename(tmp_path / "srv/old")
    (tmp_path / "srv/site").symlink_to("/etc")
    assert "no-sensitive-paths" in rules(judge.decide(data, "d-1", NOON))

    (tmp_path / "srv/site").unlink()
    (tmp_path / "srv/old").rename(tmp_path / "srv/site")
    os.utime(tmp_path / "srv/site", (1, 1))
    assert judge.decide(data, "d-1", NOON) == before


def test_what_the_daemon_was_asked_for_is_not_kept() -> None:
    judge = make_judge(FixedHost({**captured.HOST, "objects": {"volume": {"data": {"Driver": "local"}}}}))

    decide_twice(judge, create(Binds=["data:/data"]))
    assert kept(judge) == {}
    judge.decide(create(Binds=[]), "d-1", NOON)
    judge.decide(create(Binds=[]), "d-1", NOON)
    assert len(kept(judge)) == 1


class SpoiltHost(FixedHost):
    """Cannot be read at times."""

    fails = False

    def look(self, path: str) -> Any:
        if self.fails:
            raise Refused("host-unreadable")
        return super().look(path)


def test_what_could_not_be_read_is_not_kept_and_is_asked_for_anew() -> None:
    host = SpoiltHost(captured.HOST)
    judge = make_judge(host)

    host.fails = True
    assert rules(decide_twice(judge, create())) == {"host-unreadable"}
    assert kept(judge) == {}
    host.fails = False
    assert judge.decide(create(), "d-1", NOON).allowed
    assert len(kept(judge)) == 1
    host.fails = True
    assert rules(judge.decide(create(), "d-1", NOON)) == {"host-unreadable"}


@pytest.mark.parametrize(
    "changed",
    [
        {"User": "alice"},
        {"User": "alice", "UserAuthNMethod": "TLS"},
        {"RequestPeerCertificates": ["-----BEGIN CERTIFICATE-----"]},
        {"RequestHeaders": {"X-Portero-Token": "e30.e30.e30"}},
    ],
    ids=str,
)
def test_what_tells_who_asks_may_expire_and_is_not_kept(judge: Judge, changed: dict[str, object]) -> None:
    decide_twice(judge, asked(**changed))

    assert kept(judge) == {}


def test_a_certificate_that_names_nobody_expires_too(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Judge, "_identify", lambda *_: decided_before.NOBODY)

    decide_twice(judge, asked(RequestPeerCertificates=["-----BEGIN CERTIFICATE-----"]))

    assert kept(judge) == {}


def test_what_an_exception_may_waive_is_not_kept(tmp_path: Path) -> None:
    written = {
        "rules": ["no-privileged"],
        "match": {"properties": {"facts": {"properties": {"image": {"properties": {"repository": {"const": "x"}}}}}}},
        "reason": "builds",
        "owner": "shop",
        "expires": "2030-01-01",
    }
    (tmp_path / "exceptions").mkdir()
    (tmp_path / "exceptions/x.json").write_text(json.dumps({"$schema": "../exception.json", "dialect": 2, **written}))
    judge = judge_of(Settings.read({}, {"profile": "hardened", "host_root": "none", "schemas": str(tmp_path)}))[0]
    assert judge.policy.waivers

    assert rules(decide_twice(judge, create(Privileged=True))) >= {"no-privileged"}
    assert kept(judge) == {}
    # Its suggestion is judged too, and might need the exception.
    judge.decide(create(Memory=0), "d-1", NOON)
    assert judge.decide(create(Memory=0), "d-1", NOON).suggestion is not None
    assert kept(judge) == {}
    judge.decide(asked(), "d-1", NOON)
    judge.decide(asked(), "d-1", NOON)
    assert len(kept(judge)) == 1


def test_an_internal_error_is_not_kept(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Judge, "find_violations", lambda *_: 1 / 0)

    assert decide_twice(judge, asked()).fault
    assert kept(judge) == {}


def test_a_judge_of_another_policy_profile_or_mode_knows_nothing_of_it(judge: Judge) -> None:
    decide_twice(judge, asked())

    for other in (replace(judge, profile="restricted"), replace(judge, mode="audit"), replace(judge)):
        assert kept(other) == {}
        assert other.decide(asked(), "d-1", NOON).profile == other.profile
    assert len(kept(judge)) == 1


def test_who_was_recorded_is_not_lost(judge: Judge) -> None:
    decide_twice(judge, asked())

    assert judge.decide(asked(), "d-1", NOON, known=Identity(user="alice", method="tls")).subject.user == "alice"
    assert judge.decide(asked(), "d-1", NOON).subject.user == ""


def test_an_envelope_that_differs_in_one_byte_is_judged(judge: Judge) -> None:
    decide_twice(judge, asked())
    for place in range(len(asked())):
        other = bytearray(asked())
        other[place] ^= 1
        assert judge.decide(bytes(other), "d-2", NOON) == replace(judge).decide(bytes(other), "d-2", NOON)


def test_no_envelope_is_kept_and_no_client_can_compute_what_it_is_known_by(judge: Judge) -> None:
    decide_twice(judge, create(Binds=["/srv/hunter2:/srv"]))

    (name,) = kept(judge)
    assert len(name) == 32
    assert {*map(len, judge._before._seen)} == {32}
    assert name != make_judge()._before.name(create(Binds=["/srv/hunter2:/srv"]))


def test_few_are_kept(judge: Judge) -> None:
    for number in range(3 * decided_before._MOST_SEEN):
        for _ in range(2):
            judge.decide(asked(RequestUri=f"/v1.45/containers/json?limit={number}"), "d-1", NOON)
        assert len(kept(judge)) <= decided_before._MOST_KEPT
        assert len(judge._before._seen) <= decided_before._MOST_SEEN
    assert kept(judge)


class TalkativeHost(FixedHost):
    """Tells more than can be kept."""

    def look(self, path: str) -> Any:
        return replace(super().look(path), holds=("x" * decided_before._LONGEST_ANSWERS,))


def test_nothing_large_is_kept(judge: Judge) -> None:
    decide_twice(judge, asked(RequestHeaders={"User-Agent": "x" * decided_before._LONGEST_ENVELOPE}))
    decide_twice(judge, create(Binds=[f"/srv/{number}:/srv/{number}" for number in range(40)]))
    decide_twice(talkative := make_judge(TalkativeHost(captured.HOST)), create())

    assert (kept(judge), kept(talkative)) == ({}, {})


def test_what_is_kept_takes_little_memory_whatever_clients_write(judge: Judge) -> None:
    wide = "x" * (decided_before._LONGEST_ENVELOPE - 200) + "\N{GRINNING FACE}"
    tracemalloc.start()
    try:
        for number in range(decided_before._MOST_KEPT):
            data = json.dumps(LIST | {"RequestHeaders": {"User-Agent": f"{wide}{number}"}}, ensure_ascii=False).encode()
            judge.decide(data, "d-1", NOON)
            judge.decide(data, "d-1", NOON)
        assert len(kept(judge)) == decided_before._MOST_KEPT
        assert tracemalloc.get_traced_memory()[0] < 10 << 20
    finally:
        tracemalloc.stop()


def test_what_comes_once_is_not_watched(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = []

    def watch(moment: HostMoment, peer: Peer | None = None) -> None:
        watched.append(moment)

    monkeypatch.setattr(WatchedMoment, "__init__", watch)
    judge.decide(create(), "d-1", NOON)

    assert watched == []
