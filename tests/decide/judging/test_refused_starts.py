"""What can refuse a start refuses the create before it, or a table says why it cannot be known then.

`docker run --rm` whose start is refused waits for the removal of a container that never ran.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from portero.decide.identity.door_stamp import make_stamp
from portero.decide.judging.denial import write_denial
from portero.decide.judging.judge import Judge
from portero.decide.values.refusals import CODES, Refused
from portero.observe.stores.door_key import read_boot
from tests.decide.identity.certificate_makers import make_authority, shown
from tests.decide.identity.test_keys import pem
from tests.decide.identity.token_makers import ED, ISSUER, token
from tests.decide.judging.corpus import every_body
from tests.decide.judging.requests import envelope, list_refusing
from tests.decide.objects.test_existing_objects import NOON, container, judge_with
from tests.observe.host.fixed_objects import FixedHost
from tests.observe.stores.test_door_key import put
from tests.paths import ROOT

# Of these rules, why the create cannot be refused for the same.
LATER_RULES = {
    "container-files-size": "only a container that ran can have written its hosts and resolv.conf",
    "no-checkpoint-paths": "docker start --checkpoint alone names a checkpoint",
}
_FORM = "the form of the start itself: no client of Docker sends it"
# Of each code: a test in which the create is refused for the same cause, here by the table that has the cause, or
# elsewhere; else why there is none.
CODES_OF_STARTS = {
    **dict.fromkeys((code for code in CODES if code.startswith(("envelope-", "uri-", "body-"))), _FORM),
    "envelope-empty": "Portero is killed at the start, and dockerd asks again with nothing (test_bad_days)",
    **dict.fromkeys(("unknown-operation", "too-many-parameters", "unknown-field", "dropped-field"), _FORM),
    "container-alias": "the name in the start itself: docker run starts by the whole ID",
    "name-ambiguous": "the name in the start itself: docker run starts by the whole ID",
    "mount-template": "the settings of a service: a container has no templates",
    "lookup-failed": "dockerd answers at the create, and not in time at the start",
    "internal-error": "a fault of Portero: no cause is known",
    **dict.fromkeys(("path-climbs", "path-control-character", "network-name", "volume-name"), "FORMS"),
    "too-many-looks": "tests/decide/judging/test_growth.py",
    **dict.fromkeys(("too-many-objects", "host-unreadable"), "FAILING"),
    **dict.fromkeys(("headers-too-large", "identity-conflict", "certificate-invalid", "certificate-untrusted"), "WHO"),
    **dict.fromkeys(("token-invalid", "token-untrusted", "certificate-expired", "token-expired"), "WHO"),
    **dict.fromkeys(("door-invalid", "door-unlisted", "door-expired"), "WHO"),
    "writers-unknown": "tests/serve/application/test_committing.py",
    "log-failure": "tests/serve/application/test_application.py",
    **dict.fromkeys(("policy-unusable", "settings-unusable"), "tests/serve/application/test_added_refusal.py"),
}
FORMS: dict[str, dict[str, Any]] = {
    "path-climbs": {"Devices": [{"PathOnHost": "/srv/disk/../../dev/null"}]},
    "path-control-character": {"Binds": ["/e\ntc:/x"]},
    "network-name": {"NetworkMode": "a/../b"},
    "volume-name": {"Mounts": [{"Type": "volume", "Source": "..", "Target": "/x"}]},
}
FAILING = {"too-many-objects": "objects", "host-unreadable": "trace"}
# By code, the headers of a request, or what else says who asks.
_TOKEN, _DOOR, _TLS = "X-Portero-Token", "X-Portero-Door", {"User": "alicia", "UserAuthNMethod": "TLS"}
_AUTHORITY, _KEY = make_authority(), Ed25519PrivateKey.generate()


def _certify(authority: Any, *names: str, **named: Any) -> dict[str, Any]:
    return {**_TLS, "RequestPeerCertificates": [shown(authority.issue([*names], **named))]}


def _stamp(door: str = "users", made: float = NOON, key: Any = _KEY) -> dict[str, str]:
    return {_DOOR: make_stamp(key, read_boot(), door, "alicia" if door == "users" else "", (), int(made))}


WHO: dict[str, dict[str, Any]] = {
    "headers-too-large": {"RequestHeaders": {"X-Registry-Config": "a" * 70_000}},
    "identity-conflict": {**_certify(_AUTHORITY, "alicia"), "RequestHeaders": {_TOKEN: token(sub="bob")}},
    "certificate-invalid": {**_certify(_AUTHORITY, "alicia"), "User": "root"},
    "certificate-untrusted": _certify(make_authority(), "alicia"),
    "certificate-expired": _certify(_AUTHORITY, "alicia", end=NOON - 1),
    "token-invalid": {"RequestHeaders": {_TOKEN: ""}},
    "token-untrusted": {"RequestHeaders": {_TOKEN: token(aud="db")}},
    "token-expired": {"RequestHeaders": {_TOKEN: token(exp=int(NOON) - 1)}},
    "door-invalid": {"RequestHeaders": _stamp(key=Ed25519PrivateKey.generate())},
    "door-unlisted": {"RequestHeaders": _stamp("other")},
    "door-expired": {"RequestHeaders": _stamp(made=NOON - 61)},
}
RULES = ROOT / "schemas" / "rules"


def test_the_tables_name_every_rule_and_code() -> None:
    rules = {file.stem: json.loads(file.read_text())["operations"] for file in RULES.glob("*/*.json")}
    starting = {name: its for name, its in rules.items() if {"*", "ContainerStart"} & {*its}}

    # Each other one judges the create by the same words; existing-container judges it as the create that it was.
    assert {name for name, its in starting.items() if not {"*", "ContainerCreate"} & {*its}} == LATER_RULES.keys()
    assert CODES_OF_STARTS.keys() == CODES.keys()
    for code, where in CODES_OF_STARTS.items():
        if where.startswith("tests/"):
            assert f'"{code}"' in (ROOT / where).read_text()
    for name, codes in (("FORMS", {*FORMS}), ("FAILING", {*FAILING}), ("WHO", {*WHO})):
        assert {code for code, where in CODES_OF_STARTS.items() if where == name} == codes


def refuse_both(judge: Judge, host_config: dict[str, Any], **changed: Any) -> list[list[str]]:
    """What refuses a create, and the start of a container that was made of the same."""
    left = container("old", **host_config)
    at = replace(judge, host=FixedHost({"objects": {"container": {left["Id"]: left}}}))
    body = {"Image": "busybox", "HostConfig": host_config}
    asked = (("/containers/create", body), (f"/containers/{left['Id']}/start", None))
    decisions = [at.decide(envelope("POST", target, given, **changed), "d-1", NOON) for target, given in asked]
    assert [decision.fault for decision in decisions] == [None, None]
    return [list_refusing(decision) for decision in decisions]


@pytest.mark.parametrize("code", FORMS)
def test_a_container_that_cannot_be_read_is_refused_at_its_create(tmp_path: Path, code: str) -> None:
    created, _ = refuse_both(judge_with(tmp_path, {"site.json": {}}), FORMS[code])

    assert created == [code]


@pytest.mark.parametrize("code", FAILING)
def test_what_cannot_be_asked_refuses_the_create_too(
    tmp_path: Path, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*of: Any) -> Any:
        raise Refused(code)

    monkeypatch.setattr(FixedHost, FAILING[code], fail)
    created, started = refuse_both(judge_with(tmp_path, {"site.json": {}}), {"Binds": ["/srv/data:/x"]})

    assert created == [code]
    assert started


@pytest.mark.parametrize("code", WHO)
def test_who_may_not_ask_is_refused_at_the_create_too(tmp_path: Path, code: str) -> None:
    issuer = {"issuer": ISSUER, "keys": "own.pem", "lifetime": 43200}
    site = {"token-issuers": [issuer], "certificate-issuers": ["ca.pem"], "doors": [{"name": "users"}]}
    files = {"site.json": site, "keys/own.pem": pem(ED), "keys/ca.pem": _AUTHORITY.pem()}
    judge = replace(judge_with(tmp_path, files), audiences=("web",), door_key=put(tmp_path / "door.pub", _KEY))

    assert refuse_both(judge, {}, **WHO[code]) == [[code], [code]]


def test_what_may_be_created_may_be_started(tmp_path: Path) -> None:
    judge = replace(judge_with(tmp_path, {"site.json": {}}), host=FixedHost({"objects": {}}))
    started = 0
    for case, data in every_body():
        asked = json.loads(data)
        if "/containers/create" not in asked["RequestUri"] or not judge.decide(data, "d-1", NOON).allowed:
            continue
        body: Any = judge.document(data, NOON)["body"]
        given = body.get("HostConfig") or {}
        shown = container(case, **{name: value for name, value in given.items() if value is not None})
        shown |= {"Config": {name: value for name, value in body.items() if name != "HostConfig"}}
        at = replace(judge, host=FixedHost({"objects": {"container": {shown["Id"]: shown}}}))

        assert list_refusing(at.decide(envelope("POST", f"/containers/{shown['Id']}/start"), "d-2", NOON)) == [], case
        started += 1

    assert started > 20


@pytest.mark.parametrize("removes", [True, False])
def test_a_refused_start_says_how_docker_run_with_rm_ends(tmp_path: Path, removes: bool) -> None:
    judge = judge_with(tmp_path, {"site.json": {}})
    left = container("old", Privileged=True, AutoRemove=removes)
    at = replace(judge, host=FixedHost({"objects": {"container": {left["Id"]: left}}}))
    denial = write_denial(at.decide(envelope("POST", f"/containers/{left['Id']}/start"), "d-1", NOON))

    assert "existing-container" in denial
    assert ("end it with `docker rm old` in another shell" in " ".join(denial.split())) is removes
