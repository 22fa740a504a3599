"""A plain read is decided alike when the very same envelope comes again; everything else is judged each time."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from portero.host.fixed import FixedHost
from portero.host.peer import Peer
from portero.host.view import HostMoment
from portero.identity.caller import Identity
from portero.judging import plain_reads
from portero.judging.judge import Judge
from portero.service.loading import judge_of
from portero.service.settings import Settings
from tests import captured

NOON = 1_800_000_000.0
LIST = {
    "RequestMethod": "GET",
    "RequestUri": "/v1.45/containers/json?all=1",
    "RequestHeaders": {"User-Agent": "docker"},
}


class CountedHost(FixedHost):
    """Counts what is asked of the host."""

    def __init__(self, data: dict[str, Any]) -> None:
        super().__init__(data)
        self.asked = 0

    def moment(self, peer: Peer | None = None) -> HostMoment:
        return CountedMoment(self, super().moment(peer))


class CountedMoment:
    def __init__(self, host: CountedHost, moment: HostMoment) -> None:
        self._host = host
        self._moment = moment

    def __getattr__(self, name: str) -> Any:
        def ask(*values: Any) -> Any:
            self._host.asked += 1
            return getattr(self._moment, name)(*values)

        return ask


@cache
def loaded() -> Judge:
    return judge_of(Settings.read({}, {"profile": "hardened", "host_root": "none"}))[0]


def make_judge(**changed: Any) -> Judge:
    return replace(loaded(), host=CountedHost(captured.HOST), **changed)


@pytest.fixture
def judge() -> Judge:
    return make_judge()


def asked(**changed: object) -> bytes:
    return json.dumps(LIST | changed).encode()


def kept(judge: Judge) -> dict[bytes, Any]:
    return judge._plain._kept


def test_the_same_envelope_gets_the_same_decision_with_its_own_id_and_time(judge: Judge) -> None:
    first, again = judge.decide(asked(), "d-1", NOON), judge.decide(asked(), "d-2", NOON + 1)

    assert [*kept(judge)] == [asked()]
    assert again == replace(first, id="d-2", time=NOON + 1)


def every_read(judge: Judge) -> Iterator[bytes]:
    for operation in judge.routes.operations:
        if operation.reads:
            path = operation.path.replace("{id:.*}", "web").replace("{name:.*}", "web").replace("{name:.+}", "web")
            yield asked(RequestMethod=operation.method, RequestUri="/v1.45" + path.replace("{", "").replace("}", ""))


def test_no_decision_is_kept_for_which_the_host_or_the_daemon_was_asked(judge: Judge) -> None:
    captures = [json.dumps(one).encode() for case in captured.envelopes().values() for one in case]
    host = judge.host
    assert isinstance(host, CountedHost)
    outcomes = set()
    for data in [*every_read(judge), *captures]:
        asked_before, kept_before = host.asked, data in kept(judge)
        decision = judge.decide(data, "d-1", NOON)
        is_kept = data in kept(judge)
        assert not is_kept or host.asked == asked_before, data
        assert not is_kept or decision.subject.reads, data
        outcomes.add((kept_before, is_kept))

    assert outcomes >= {(False, False), (False, True), (True, True)}


def test_what_is_decided_again_is_what_a_judge_decides_who_knows_nothing(judge: Judge) -> None:
    captures = [json.dumps(one).encode() for case in captured.envelopes().values() for one in case]
    for data in dict.fromkeys(captures):
        judge.decide(data, "d-1", NOON)
        again = judge.decide(data, "d-1", NOON)
        judge._plain._kept.clear()
        assert again == judge.decide(data, "d-1", NOON), data


@pytest.mark.parametrize(
    "changed",
    [
        {"RequestMethod": "POST", "RequestUri": "/v1.45/containers/web/stop"},
        {"RequestMethod": "POST", "RequestUri": "/v1.45/build/prune"},
        {"RequestUri": "/v1.45/containers/web/archive?path=/"},
        {"RequestUri": "/v1.45/containers/buildx_buildkit_default0/json"},
        {"RequestUri": "/v1.45/images/search?term=alpine"},
        {"RequestUri": "/v1.45/containers/json?a;b"},
        {"RequestBody": "e30="},
        {"User": "alice"},
        {"UserAuthNMethod": "TLS"},
        {"RequestPeerCertificates": ["-----BEGIN CERTIFICATE-----"]},
        {"RequestHeaders": {"X-Portero-Token": "e30.e30.e30"}},
        {"RequestHeaders": {"Authorization": "Bearer secret"}},
        {"RequestHeaders": {"Traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}},
        {"RequestHeaders": {"User-Agent": "x" * 600}},
    ],
    ids=str,
)
def test_what_else_may_decide_or_be_a_secret_is_not_kept(judge: Judge, changed: dict[str, object]) -> None:
    judge.decide(asked(**changed), "d-1", NOON)

    assert kept(judge) == {}


def test_a_violation_or_a_fault_is_not_kept(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    restricted = make_judge(audit_profile="restricted")
    debug = asked(RequestUri="/v1.45/debug/pprof/heap")
    assert restricted.decide(debug, "d-1", NOON).violations
    assert debug not in kept(restricted)

    monkeypatch.setattr(Judge, "judge", lambda *_: 1 / 0)
    assert judge.decide(asked(), "d-1", NOON).fault
    assert kept(judge) == {}


def test_a_judge_of_another_policy_profile_or_mode_knows_nothing_of_it(judge: Judge) -> None:
    judge.decide(asked(), "d-1", NOON)

    for other in (replace(judge, profile="restricted"), replace(judge, mode="audit"), replace(judge)):
        assert kept(other) == {}
        assert other.decide(asked(), "d-1", NOON).profile == other.profile
    assert [*kept(judge)] == [asked()]


def test_where_objects_have_owners_every_read_is_judged(judge: Judge) -> None:
    owned = replace(judge, policy=replace(judge.policy, site={**judge.policy.site, "ownership": "com.example.owner"}))

    owned.decide(asked(), "d-1", NOON)

    assert kept(owned) == {}


def test_who_was_recorded_is_not_lost(judge: Judge) -> None:
    judge.decide(asked(), "d-1", NOON)

    assert judge.decide(asked(), "d-1", NOON, known=Identity(user="alice", method="tls")).subject.user == "alice"
    assert judge.decide(asked(), "d-1", NOON).subject.user == ""


def test_an_envelope_that_differs_in_one_byte_is_judged(judge: Judge) -> None:
    judge.decide(asked(), "d-1", NOON)
    for place in range(len(asked())):
        other = bytearray(asked())
        other[place] ^= 1
        judge.decide(bytes(other), "d-2", NOON)
        fresh = replace(judge).decide(bytes(other), "d-2", NOON)
        assert judge.decide(bytes(other), "d-2", NOON) == fresh


def test_few_are_kept(judge: Judge) -> None:
    for number in range(3 * plain_reads._MOST):
        judge.decide(asked(RequestUri=f"/v1.45/containers/json?limit={number}"), "d-1", NOON)
        assert 0 < len(kept(judge)) <= plain_reads._MOST
