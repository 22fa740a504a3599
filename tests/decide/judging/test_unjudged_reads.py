"""Reads that nothing can refuse are decided without a document: as, and logged as, with one."""

import base64
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from portero.decide.decision import Decision
from portero.decide.identity.caller import Identity
from portero.decide.judging.enforcement import Enforcement
from portero.decide.judging.judge import Judge
from portero.decide.judging.unjudged_reads import UnjudgedReads
from portero.observe.host.fixed_host import FixedHost
from portero.observe.stores.policy_loader import load_policy
from portero.serve.decision_log.decision_log import write_line
from tests import captured, judges
from tests.decide.identity.certificate_makers import make_authority, shown
from tests.decide.identity.test_keys import pem
from tests.decide.identity.token_makers import ED, ISSUER, NOON, token
from tests.decide.judging.requests import envelope, make_exception, write_files
from tests.paths import SCHEMAS

PROFILES = ("baseline", "hardened", "restricted")
AUTHORITY = make_authority()
RULE = json.loads((SCHEMAS / "rules/identity/known-identity.json").read_text())


@cache
def loaded() -> Judge:
    return judges.make_judge(FixedHost(captured.HOST), host_groups="web")


def make_judge(profile: str = "hardened", audit_profile: str = "", mode: Any = "enforce") -> Judge:
    return replace(loaded(), enforcement=Enforcement(profile, mode, audit_profile))


def with_site(folder: Path, files: dict[str, Any], judge: Judge | None = None) -> Judge:
    """The judge under a policy with these files of a site."""
    judge = judge or make_judge()
    return replace(judge, policy=load_policy([SCHEMAS, write_files(folder, files)], judge.routes.operations))


def rule(*operations: str, **condition: Any) -> dict[str, Any]:
    """A rule of the site for these operations, which refuses all of them."""
    denied = {"a command": {"operation": "ContainerCreate" if operations == ("*",) else operations[0]}}
    kept = {name: value for name, value in RULE.items() if name not in ("if", "then", "try", "denial")}
    kept |= {"operations": [*operations], "level": "baseline", "allows": {"docker info": {"operation": "SystemInfo"}}}
    kept |= {"denies": denied}
    return kept | (condition or {"properties": {"operation": False}})


def long_way(judge: Judge) -> Judge:
    """The same judge, which takes the long way with each request."""
    made = replace(judge)
    object.__setattr__(made, "_unjudged", UnjudgedReads(made.policy, (), made.enforcement))
    made._unjudged.has = lambda operation, who, enforcement: False  # type: ignore[method-assign]
    return made


def takes_short_way(judge: Judge, data: bytes, monkeypatch: pytest.MonkeyPatch, known: Identity | None = None) -> bool:
    documents: list[Any] = []
    read = Judge._build_document

    def note(*values: Any) -> dict[str, Any]:
        documents.append(values)
        return read(*values)

    with monkeypatch.context() as patched:
        patched.setattr(Judge, "_build_document", note)
        judge.decide(data, "d-1", NOON, identity=known)
    return not documents


def asked(method: str = "GET", target: str = "/v1.45/containers/json?all=1", **changed: Any) -> bytes:
    return envelope(method, target, **{"RequestHeaders": {"User-Agent": "Docker-Client/29.1"}, **changed})


def variants(judge: Judge) -> list[bytes]:
    """A request of each operation: as clients send it, odd, and such as cannot be read."""
    bodies = {"RequestBody": base64.b64encode(b"{}").decode()}
    typed = {"RequestHeaders": {"Content-Type": "application/json", "Content-Length": "2"}}
    found: list[bytes] = []
    for operation in judge.routes.operations:
        path = operation.path
        for ending in (":.*}", ":.+}", "}"):
            path = (
                path.replace("{name" + ending, "web").replace("{id" + ending, "web").replace("{anyroute" + ending, "x")
            )
        method = operation.method.replace("*", "POST")
        for version in ("/v1.45", "/v1.24", ""):
            found.append(asked(method, f"{version}{path}"))
        found += [
            asked(method, f"/v1.45{path}?filters=%7B%7D&x=1&x=2"),
            asked(method, f"/v1.45{path}?a=%zz"),
            asked(method, f"/v1.45{path}", **typed),
            asked(method, f"/v1.45{path}", **typed, **bodies),
            asked(method, f"/v1.45{path}", RequestHeaders={"Content-Type": "application/x-www-form-urlencoded"}),
            asked(method, f"/v1.45{path}", RequestHeaders={"User-Agent": "compose/2", "traceparent": TRACE}),
            asked(method, f"/v1.45{path}", User="alicia"),
            asked(method, f"/v1.45{path}", RequestHeaders={"X-Portero-Token": "e30.e30.e30"}),
        ]
    return found


TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def logged(judge: Judge, data: bytes, known: Identity | None = None) -> tuple[Decision, str]:
    decision = judge.decide(data, "d-1", NOON, identity=known)
    return decision, write_line(decision, 7)


def test_every_operation_of_the_table_is_asked_for() -> None:
    judge = make_judge()

    named = {judge.decide(data, "d-1", NOON).subject.operation for data in variants(judge)}

    assert named >= {operation.id for operation in judge.routes.operations} - {"NetworkListSlash", "Options"}


@pytest.mark.parametrize("mode", ["enforce", "audit"])
@pytest.mark.parametrize("audit_profile", ["", "restricted"])
@pytest.mark.parametrize("profile", PROFILES)
def test_decision_and_line_are_those_of_the_long_way(profile: str, audit_profile: str, mode: str) -> None:
    short = make_judge(profile, audit_profile, mode)
    long = long_way(short)

    for data in variants(short):
        assert logged(short, data) == logged(long, data), data


@pytest.mark.parametrize(
    ("operation", "way"),
    [
        *(
            (operation, True)
            for operation in ("ContainerList", "SystemPing", "SystemPingHead", "ImageInspect", "SystemEvents")
        ),
        ("ContainerInspect", False),  # a builder of buildx
        ("ContainerExport", False),  # looked up
        ("ContainerLogs", False),  # own-objects-read judges it
        ("DebugVars", False),  # no-debug judges it
        ("ImageSearch", False),  # has facts
        *((operation, False) for operation in ("ContainerStart", "SystemAuth", "Unknown")),
    ],
)
def test_only_reads_that_no_rule_judges_take_the_short_way(operation: str, way: bool) -> None:
    for profile in PROFILES:
        assert (operation in make_judge(profile)._unjudged.without_user) is way


def test_the_operations_of_the_short_way_read_and_have_no_body() -> None:
    judge = make_judge("baseline")
    of_table = {operation.id: operation for operation in judge.routes.operations}

    assert len(judge._unjudged.without_user) > 20
    short = [of_table[id] for id in judge._unjudged.without_user]
    assert {(operation.reads, operation.body, operation.looks_up) for operation in short} == {(True, "none", ())}


@pytest.mark.parametrize(
    "site",
    [
        {"identity-methods": ["tls", "token"], "certificate-issuers": ["ca.pem"]},
        {"profiles": [{"users": ["alicia"], "profile": "restricted"}], "certificate-issuers": ["ca.pem"]},
    ],
    ids=["known-identity", "profiles by user"],
)
def test_where_it_counts_who_asks_every_request_takes_the_long_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, site: dict[str, Any]
) -> None:
    judge = with_site(tmp_path, {"site.json": site, "keys/ca.pem": AUTHORITY.pem()})

    assert judge._unjudged.without_user == frozenset()
    assert not takes_short_way(judge, asked(), monkeypatch)
    for data in variants(judge):
        assert logged(judge, data) == logged(long_way(judge), data)


@pytest.mark.parametrize("actions", [{}, {"own-objects-read": "off"}], ids=["default", "reads of others allowed"])
def test_with_ownership_reads_that_name_no_object_take_the_short_way(tmp_path: Path, actions: dict[str, str]) -> None:
    judge = with_site(tmp_path, {"site.json": {"ownership": "owner", "actions": actions}})
    of_objects = {one.id for one in judge.routes.operations if one.path.startswith(("/containers/{", "/networks/{"))}

    assert {"ContainerList", "SystemPing", "SystemEvents", "ImageInspect"} <= judge._unjudged.without_user
    assert "ContainerLogs" in of_objects
    assert of_objects.isdisjoint(judge._unjudged.without_user)
    for data in variants(judge):
        assert logged(judge, data) == logged(long_way(judge), data)


def test_where_users_must_be_known_reads_ask_too_but_for_ping_and_version(tmp_path: Path) -> None:
    site = {"token-issuers": [{"issuer": ISSUER, "keys": "own.pem", "lifetime": 43200}], "identity-methods": ["token"]}
    judge = with_site(tmp_path, {"site.json": site, "keys/own.pem": pem(ED)})
    for path in ("containers/json", "containers/web/logs", "images/x/get", "later", "_ping", "version"):
        rules = [] if path in ("_ping", "version") else ["known-identity-reads"]
        nobody = judge.decide(asked("GET", f"/v1.45/{path}"), "d-1", NOON)
        known = judge.decide(asked("GET", f"/v1.45/{path}", RequestHeaders={"X-Portero-Token": token()}), "d-1", NOON)
        assert ([each.rule for each in nobody.violations], known.allowed) == (rules, True), path


def test_a_token_takes_the_long_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = {"token-issuers": [{"issuer": ISSUER, "keys": "own.pem", "lifetime": 43200}], "break-glass": ["emergency"]}
    judge = with_site(tmp_path, {"site.json": site, "keys/own.pem": pem(ED)})

    assert takes_short_way(judge, asked(), monkeypatch)
    for value in (token(), token(groups=["emergency"])):
        data = asked(RequestHeaders={"X-Portero-Token": value})
        assert not takes_short_way(judge, data, monkeypatch)
        assert logged(judge, data) == logged(long_way(judge), data)
        assert judge.decide(data, "d-1", NOON).subject.user == "alicia"
    spoilt = asked(RequestHeaders={"X-Portero-Token": token() + "x"})
    assert [violation.rule for violation in judge.decide(spoilt, "d-1", NOON).violations] == ["token-untrusted"]


def test_a_user_of_a_certificate_takes_the_long_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = with_site(tmp_path, {"site.json": {"certificate-issuers": ["ca.pem"]}, "keys/ca.pem": AUTHORITY.pem()})
    tls = {"User": "alicia", "UserAuthNMethod": "TLS", "RequestPeerCertificates": [shown(AUTHORITY.issue(["alicia"]))]}

    assert not takes_short_way(judge, asked(**tls), monkeypatch)
    stranger = {**tls, "RequestPeerCertificates": [shown(make_authority().issue(["alicia"]))]}
    assert not judge.decide(asked(**stranger), "d-1", NOON).allowed


TOOL, PERSON = Identity("door:tool", ("dev",), "door"), Identity("unix:alicia", ("ops",), "door")
READS = {"known-identity-reads": "deny"}
DOORS = {"doors": [{"name": "users"}, {"name": "tool", "operations": ["ContainerList", "ImageInspect"]}]}


@pytest.mark.parametrize("who", [TOOL, PERSON])
@pytest.mark.parametrize(
    "site",
    [
        DOORS,
        {**DOORS, "ownership": "owner"},
        {**DOORS, "identity-methods": ["door"]},
        {**DOORS, "profiles": [{"groups": ["ops"], "profile": "restricted"}], "actions": READS},
    ],
    ids=["doors", "ownership", "known", "profiles"],
)
def test_users_at_doors_get_what_the_long_way_gives(tmp_path: Path, site: dict[str, Any], who: Identity) -> None:
    judge = with_site(tmp_path, {"site.json": site})
    long = long_way(judge)

    for data in variants(judge):
        assert logged(judge, data, who) == logged(long, data, who), data


def test_a_user_at_a_door_takes_the_short_way_where_the_door_lets_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = with_site(tmp_path, {"site.json": DOORS})
    images = asked("GET", "/v1.45/images/json")

    assert takes_short_way(judge, asked(), monkeypatch, TOOL)
    assert [takes_short_way(judge, images, monkeypatch, who) for who in (TOOL, PERSON)] == [False, True]
    assert [one.rule for one in judge.decide(images, "d-1", NOON, identity=TOOL).violations] == ["door-operations"]
    assert not takes_short_way(judge, asked(), monkeypatch, replace(PERSON, method="door+token"))
    owned = with_site(tmp_path, {"site.json": {**DOORS, "ownership": "owner"}})
    logs = asked("GET", "/v1.45/containers/web/logs")
    for who in (TOOL, PERSON):
        assert [takes_short_way(owned, data, monkeypatch, who) for data in (asked(), logs)] == [True, False]
    own = with_site(tmp_path, {"site.json": DOORS, "rules/own/no-lists.json": rule("ContainerList")})
    assert not takes_short_way(own, asked(), monkeypatch, TOOL)


RECORDED = Identity("alicia", (), "tls")
WITH_BODY = {
    "RequestHeaders": {"Content-Type": "application/json"},
    "RequestBody": base64.b64encode(b'{"x": 1}').decode(),
}


@pytest.mark.parametrize(
    ("data", "known", "short"),
    [
        pytest.param(asked(), None, True, id="a list"),
        pytest.param(asked("HEAD", "/_ping"), None, True, id="a ping"),
        pytest.param(asked("GET", "/v1.45/containers/web/json"), None, False, id="what may be a builder"),
        pytest.param(asked(), RECORDED, False, id="a user who was recorded"),
        pytest.param(asked(**WITH_BODY), None, False, id="a body"),
    ],
)
def test_the_short_way_is_for_lists_of_nobody(
    monkeypatch: pytest.MonkeyPatch, data: bytes, known: Identity | None, short: bool
) -> None:
    assert takes_short_way(make_judge(), data, monkeypatch, known) is short


def test_no_question_is_put_to_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FixedHost, "moment", lambda *_: pytest.fail("the host is asked"))

    assert make_judge().decide(asked(), "d-1", NOON).allowed


@pytest.mark.parametrize("action", ["deny", "audit", "off", ""])
def test_a_rule_of_the_site_for_the_operation_takes_the_long_way_unless_it_is_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    site = {"actions": {"no-lists": action}} if action else {}
    judge = with_site(tmp_path, {"site.json": site, "rules/own/no-lists.json": rule("ContainerList")})

    assert takes_short_way(judge, asked(), monkeypatch) is (action == "off")
    found = [(violation.rule, violation.action) for violation in judge.decide(asked(), "d-1", NOON).violations]
    assert found == ([] if action == "off" else [("no-lists", action or "deny")])
    assert takes_short_way(judge, asked("GET", "/v1.45/images/json"), monkeypatch)
    assert logged(judge, asked()) == logged(long_way(judge), asked())


def test_a_rule_that_asks_whether_a_query_is_there_takes_the_long_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody fulfils it, nor would a user, of whom a door says who it is."""
    condition = {"if": {"required": ["query"]}, "then": {"properties": {"identity": {"required": ["user"]}}}}
    judge = with_site(tmp_path, {"rules/own/no-lists.json": rule("ContainerList", **condition)})

    assert not takes_short_way(judge, asked(), monkeypatch)


def test_a_rule_of_a_higher_level_is_reported_by_the_audit_profile_and_enforced_by_an_action(tmp_path: Path) -> None:
    own = rule("ContainerList") | {"level": "restricted"}
    judge = with_site(tmp_path, {"site.json": {}, "rules/own/no-lists.json": own})
    reporting = replace(judge, enforcement=Enforcement("hardened", "enforce", "restricted"))
    enforcing = with_site(tmp_path, {"site.json": {"actions": {"no-lists": "deny"}}})

    assert "ContainerList" in judge._unjudged.without_user
    assert "ContainerList" not in reporting._unjudged.without_user
    (violation,) = reporting.decide(asked(), "d-1", NOON).violations
    assert (violation.rule, violation.action, violation.profile) == ("no-lists", "audit", "restricted")
    assert not enforcing.decide(asked(), "d-1", NOON).allowed


def test_an_exception_for_the_rule_waives_it_as_before(tmp_path: Path) -> None:
    waiver = make_exception(["no-lists"], query={"properties": {"all": {"contains": {"const": "1"}}}})
    files = {"site.json": {}, "rules/own/no-lists.json": rule("ContainerList"), "exceptions/lists.json": waiver}
    judge = with_site(tmp_path, files)

    assert judge.decide(asked(), "d-1", NOON).allowed
    assert judge.decide(asked(), "d-1", NOON).violations[0].exception == "lists"
    assert not judge.decide(asked(target="/v1.45/containers/json"), "d-1", NOON).allowed


def test_a_rule_for_all_operations_judges_no_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`*` is every operation that changes something (schemas/rule.json): the short way needs no look at its schema."""
    judge = with_site(tmp_path, {"site.json": {}, "rules/own/nothing.json": rule("*")})
    refused = {data: logged(long_way(judge), data) for data in variants(judge)}

    assert takes_short_way(judge, asked(), monkeypatch)
    assert any("nothing" in line for _, line in refused.values())
    for data, due in refused.items():
        assert logged(judge, data) == due
    for operation in judge.routes.operations:
        for profile in PROFILES:
            asked_rules = [id for id, *_ in judge.policy.asked(operation.id, profile, "")]
            assert ("nothing" in asked_rules) is not operation.reads


def test_a_reloaded_policy_has_its_own_short_ways(tmp_path: Path) -> None:
    judge = make_judge()
    other = with_site(tmp_path, {"site.json": {}, "rules/own/no-lists.json": rule("ContainerList")})

    assert "ContainerList" in judge._unjudged.without_user
    assert "ContainerList" not in replace(judge, policy=other.policy)._unjudged.without_user
    assert "ContainerList" in replace(other, policy=judge.policy)._unjudged.without_user
