"""Decisions depend on who asks: three users with three profiles, exceptions and operators by group, break-glass."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from portero.decide.decision import Decision
from portero.decide.identity.caller import Identity
from portero.decide.judging import denial
from portero.decide.judging.enforcement import Enforcement
from portero.decide.judging.judge import Judge
from portero.observe.stores.policy_loader import load_policy
from tests.decide.identity.certificate_makers import make_authority, shown
from tests.decide.identity.test_keys import pem
from tests.decide.identity.token_makers import ED, ISSUER, NOON, token
from tests.decide.judging.requests import list_refusing, make_exception, write_files
from tests.decide.judging.test_judge import create
from tests.decide.objects.test_existing_objects import OLD
from tests.judges import make_judge
from tests.observe.host.fixed_objects import FixedHost
from tests.paths import SCHEMAS

AUTHORITY = make_authority()
STRANGER = shown(make_authority().issue())
PRIVILEGED = {"Image": "busybox", "HostConfig": {"Privileged": True}}
SITE: dict[str, Any] = {
    "token-issuers": [{"issuer": ISSUER, "keys": "own.pem", "lifetime": 43200}],
    "certificate-issuers": ["ca.pem"],
    "profiles": [
        {"groups": ["ops"], "profile": "baseline"},
        {"groups": ["ci"], "profile": "hardened"},
        {"profile": "restricted"},
    ],
    "break-glass": ["emergency"],
    "user-groups": {"carla": ["ops", "emergency"], "dora": ["probes"]},
}
EXCEPTION = make_exception(["no-privileged"], identity={"properties": {"groups": {"contains": {"const": "probes"}}}})


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    keys = {"keys/own.pem": pem(ED), "keys/ca.pem": AUTHORITY.pem()}
    files = {"site.json": SITE, "exceptions/probes.json": EXCEPTION} | keys
    folder = write_files(tmp_path_factory.mktemp("site"), files)
    loaded = make_judge(FixedHost(), profile="hardened", host_groups="web")
    policy = load_policy([SCHEMAS, folder], loaded.routes.operations)
    return replace(loaded, policy=policy, enforcement=Enforcement("hardened", "enforce", "restricted"))


def with_site_value(judge: Judge, key: str, value: Any) -> Judge:
    return replace(judge, policy=replace(judge.policy, site={**judge.policy.site, key: value}))


def by_token(body: Mapping[str, object] | None = None, **claims: Any) -> bytes:
    return _with_token(token(**claims), {"Image": "busybox"} if body is None else body)


def _with_token(value: str, body: Mapping[str, object], **changed: object) -> bytes:
    headers = {"Content-Type": "application/json", "X-PORTERO-token": value}
    return create(body, User="", RequestHeaders=headers, **changed)


def by_certificate(user: str, group: str, **changed: object) -> bytes:
    client = shown(AUTHORITY.issue([user], [group]))
    tls = {"User": user, "UserAuthNMethod": "TLS", "RequestPeerCertificates": [client]}
    return create({"Image": "busybox"}, **{**tls, **changed})


def decide(judge: Judge, data: bytes) -> Decision:
    return judge.decide(data, "d-1", NOON)


def test_three_users_have_three_profiles_by_certificate_and_by_token(judge: Judge) -> None:
    decisions = {
        "ops": (by_certificate("alicia", "ops"), by_token(groups="ops")),
        "ci": (by_certificate("ci", "ci"), by_token(groups="ci")),
        "nobody": (by_certificate("bob", "x"), by_token(groups=None), create({"Image": "busybox"}, User="")),
    }

    profiles = {name: {decide(judge, data).profile for data in asked} for name, asked in decisions.items()}

    assert profiles == {"ops": {"baseline"}, "ci": {"hardened"}, "nobody": {"restricted"}}


def test_each_is_refused_and_allowed_as_the_profile_says(judge: Judge) -> None:
    operator, robot, other = (decide(judge, by_token(groups=group)) for group in ("ops", "ci", "x"))

    assert operator.allowed
    assert "memory-limit" in list_refusing(robot)
    assert not {"image-tag"} & {*list_refusing(robot)}
    assert {"memory-limit", "image-tag"} <= {*list_refusing(other)}
    # Reported is what is stricter.
    assert (operator.audit_profile, other.audit_profile) == ("restricted", "")


def test_a_decision_says_who_asked_and_how_that_is_known(judge: Judge) -> None:
    line = decide(judge, by_token(groups=["ops", "dev"])).line(0)
    nobody = decide(judge, create({"Image": "busybox"}, User="")).line(0)

    assert (line["user"], line["groups"], line["identifiedBy"]) == ("alicia", ["ops", "dev"], "token")
    assert "breakGlass" not in line
    assert nobody["user"] == ""
    assert not {"groups", "identifiedBy", "breakGlass"} & nobody.keys()


def test_groups_that_the_site_lists_count_beside_those_that_are_proved(judge: Judge) -> None:
    by_either = [decide(judge, data) for data in (by_certificate("carla", "x"), by_token(sub="carla", groups="x"))]

    assert [decision.profile for decision in by_either] == ["baseline", "baseline"]
    assert [decision.line(0)["groups"] for decision in by_either] == [["x", "ops", "emergency"]] * 2


def test_an_exception_waives_for_a_group_that_is_proved_or_listed(judge: Judge) -> None:
    proved, other = (decide(judge, by_token(PRIVILEGED, groups=["ops", group])) for group in ("probes", "x"))
    listed, unlisted = (decide(judge, by_token(PRIVILEGED, sub=user, groups="x")) for user in ("dora", "eva"))

    assert proved.allowed
    assert ("no-privileged", "probes") in {(each.rule, each.exception) for each in proved.violations}
    assert list_refusing(other) == ["no-privileged"]
    assert "no-privileged" not in list_refusing(listed)
    assert "no-privileged" in list_refusing(unlisted)


def test_a_name_that_nothing_proves_has_no_listed_groups(judge: Judge) -> None:
    decision = decide(judge, create({"Image": "busybox"}, User="carla"))

    assert decision.profile == "restricted"
    assert "groups" not in decision.line(0)


def test_a_listed_group_breaks_no_glass(judge: Judge) -> None:
    listed, named = (
        decide(judge, by_token(sub="carla", groups=groups, exp=NOON + 600, iat=NOON)) for groups in ("x", "emergency")
    )

    assert (listed.breaks_glass, named.breaks_glass) == (False, True)


@pytest.mark.parametrize(
    ("methods", "certified", "claimed", "profile"),
    [
        (["tls"], "x", "ops", "hardened"),
        (["tls"], "ops", "x", "baseline"),
        (["tls"], "ops", "ops", "baseline"),
        (["token"], "ops", "x", "hardened"),
        (["token"], "x", "ops", "baseline"),
        (["tls", "token"], "x", "ops", "baseline"),
        (["tls+token"], "x", "ops", "baseline"),
        (None, "x", "ops", "baseline"),
    ],
)
def test_a_profile_by_method_takes_no_group_that_only_the_other_method_names(
    judge: Judge, methods: list[str] | None, certified: str, claimed: str, profile: str
) -> None:
    entry = {"groups": ["ops"], "profile": "baseline"} | ({"methods": methods} if methods else {})
    one = with_site_value(judge, "profiles", [entry])

    data = by_certificate("alicia", certified, RequestHeaders={"X-Portero-Token": token(groups=claimed)})

    assert decide(one, data).profile == profile


def test_a_group_that_the_site_lists_too_is_proved_by_either_method(judge: Judge) -> None:
    one = with_site_value(judge, "profiles", [{"groups": ["ops"], "methods": ["tls"], "profile": "baseline"}])
    claimed = token(sub="carla", groups="ops")

    assert decide(one, by_certificate("carla", "x", RequestHeaders={"X-Portero-Token": claimed})).profile == "baseline"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (_with_token(token() + "x", {}), "token-untrusted"),
        (_with_token(token() + ", " + token(), {}), "token-invalid"),
        (_with_token("", {}), "token-invalid"),
        (_with_token("x" * 50_000, {}), "token-invalid"),
        (by_token(exp=NOON), "token-expired"),
        (by_token(exp=NOON - 1), "token-expired"),
        (by_token(aud="db"), "token-untrusted"),
        (by_certificate("alicia", "ops", User="root"), "certificate-invalid"),
        (by_certificate("alicia", "ops", RequestPeerCertificates=[STRANGER]), "certificate-untrusted"),
        (by_certificate("alicia", "ops", RequestHeaders={"x-portero-token": token(sub="bob")}), "identity-conflict"),
    ],
)
def test_what_cannot_be_believed_is_refused_whatever_is_asked(judge: Judge, data: bytes, code: str) -> None:
    reading = json.dumps({**json.loads(data), "RequestMethod": "GET", "RequestUri": "/_ping", "RequestBody": ""})

    for asked in (data, reading.encode()):
        decision = decide(judge, asked)
        assert list_refusing(decision) == [code]
        assert decision.fault is None
        assert decision.subject.operation in ("ContainerCreate", "SystemPing")


def test_a_name_in_a_certificate_that_is_refused_is_claimed(judge: Judge) -> None:
    """Only a door gives names of accounts: no report may count it as that account's."""
    decision = decide(judge, by_certificate("unix:bob", "ops"))
    line = decision.line(1)

    assert list_refusing(decision) == ["identity-conflict"]
    assert (line["user"], line["claimed"], "identifiedBy" in line) == ("", "unix:bob", False)
    assert "claimed" not in decide(judge, by_certificate("alicia", "ops")).line(1)


def test_a_known_user_is_taken_as_recorded_and_no_token_is_read(judge: Judge) -> None:
    recorded = Identity("alicia", ("ops",), "token")

    decision = judge.decide(_with_token("***", {"Image": "busybox"}), "d-1", NOON, identity=recorded)

    assert (decision.allowed, decision.profile, decision.subject.user) == (True, "baseline", "alicia")


def test_a_break_glass_token_lifts_rules_and_says_so(judge: Judge) -> None:
    decision = decide(judge, by_token(PRIVILEGED, groups=["emergency"]))

    assert decision.allowed
    assert (decision.mode, decision.breaks_glass, decision.line(0)["breakGlass"]) == ("audit", True, True)
    assert ("no-privileged", "audit") in {(each.rule, each.action) for each in decision.violations}


def test_a_break_glass_token_of_more_than_an_hour_lifts_nothing(judge: Judge) -> None:
    decision = decide(judge, by_token(PRIVILEGED, groups=["emergency"], iat=NOON - 60, exp=NOON + 3541))

    assert "no-privileged" in list_refusing(decision)
    assert not decision.breaks_glass


def test_a_certificate_never_breaks_glass(judge: Judge) -> None:
    client = shown(AUTHORITY.issue(["alicia"], ["emergency"]))
    tls = {"User": "alicia", "UserAuthNMethod": "TLS", "RequestPeerCertificates": [client]}

    assert "no-privileged" in list_refusing(decide(judge, create(PRIVILEGED, **tls)))
    # Nor does it with a short token that names another group.
    short = token(groups="x", iat=NOON - 1, exp=NOON + 600)
    headers = {"Content-Type": "application/json", "X-Portero-Token": short}
    assert "no-privileged" in list_refusing(decide(judge, create(PRIVILEGED, **tls, RequestHeaders=headers)))


def test_break_glass_reads_no_more_than_others_do(judge: Judge) -> None:
    assert list_refusing(decide(judge, by_token({"Image": 7}, groups=["emergency"]))) == ["body-wrong-type"]


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("/run/docker/plugins", "protected-paths"),
        ("/var/run/docker.sock", "no-daemon-sockets"),
        ("/", "no-daemon-sockets"),
        ("/etc/docker", "protected-paths"),
        ("/var/lib/docker", "docker-data"),
    ],
)
def test_break_glass_never_mounts_what_protects_portero_and_docker(judge: Judge, source: str, rule: str) -> None:
    bind = {"Image": "busybox", "HostConfig": {"Binds": [f"{source}:/x"]}}
    volume = {"Name": "v", "DriverOpts": {"type": "none", "o": "bind", "device": source}}

    for body, target in ((bind, "containers/create"), (volume, "volumes/create")):
        asked = by_token(body, groups=["emergency"]).replace(b"containers/create", target.encode())
        decision = decide(judge, asked)
        assert rule in list_refusing(decision)
        assert (decision.breaks_glass, decision.mode) == (False, "enforce")
    other = {"Image": "busybox", "HostConfig": {"Binds": ["/boot:/x"]}}
    assert decide(judge, by_token(other, groups=["emergency"])).allowed


def test_break_glass_follows_no_path_that_cannot_be_seen(judge: Judge) -> None:
    unseen = replace(judge, host=FixedHost({"visible": False}))
    bind = {"Image": "busybox", "HostConfig": {"Binds": ["/srv/x:/x"]}}

    assert list_refusing(decide(unseen, by_token(bind, groups=["emergency"]))) == ["host-paths-seen"]


def test_break_glass_uses_no_object_that_holds_what_protects(judge: Judge) -> None:
    old = replace(judge, host=FixedHost({"objects": OLD}))
    refused = {}
    for name in ("priv", "swappable", "binds", "heir", "user"):
        asked = json.loads(by_token(groups=["emergency"])) | {"RequestUri": f"/v1.45/containers/{name}/start"}
        asked["RequestBody"] = ""
        asked["RequestHeaders"].pop("Content-Type")
        refused[name] = list_refusing(decide(old, json.dumps(asked).encode()))

    # `user` mounts a volume that is the whole host.
    kept = {name: ["existing-container"] for name in ("binds", "heir", "user")}
    assert refused == {"priv": [], "swappable": []} | kept


def test_break_glass_does_not_turn_portero_off(judge: Judge) -> None:
    asked = json.loads(by_token())
    headers = {"X-Portero-Token": token(groups=["emergency"])}
    asked |= {"RequestUri": "/v1.45/plugins/portero/disable", "RequestBody": "", "RequestHeaders": headers}

    assert list_refusing(decide(judge, json.dumps(asked).encode())) == ["no-plugin-changes"]
    service = {"Name": "p", "TaskTemplate": {"Runtime": "plugin", "PluginSpec": {"Name": "portero", "Remote": "x/y"}}}
    made = by_token(service, groups=["emergency"]).replace(b"containers/create", b"services/create")
    assert {*list_refusing(decide(judge, made))} == {"services-run-containers"}


def test_no_part_of_a_token_is_in_the_line_or_the_reply(judge: Judge) -> None:
    for value in (token(), token(exp=NOON), token()[:-4] + "AAAA", "Bearer " + token()):
        decision = decide(judge, _with_token(value, PRIVILEGED))
        said = json.dumps(decision.line(0)) + denial.write_denial(decision) + repr(decision)
        assert not any(part in said for part in value.split(".") if len(part) > 8)
