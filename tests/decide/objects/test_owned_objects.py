"""Ownership by a label: users use and make what is theirs, operators everything; what a name can mean counts."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from portero.decide.identity.caller import NO_IDENTITY, Identity
from portero.decide.judging.denial import write_denial
from portero.decide.judging.judge import Judge
from tests.decide.judging.requests import envelope
from tests.decide.objects.test_existing_objects import SilentHost, container, network, spec, volume
from tests.judges import make_judge
from tests.observe.host.fixed_objects import FixedHost, FixedObjects

NOON = 1_800_000_000.0
ALICIA = Identity("alicia", ("dev",), "token")
OPERATOR = Identity("olga", ("ops",), "tls")


def owned(shown: dict[str, Any], owner: str) -> dict[str, Any]:
    return {**shown, "Labels": {"owner": owner}}


def owned_container(name: str, owner: str | None) -> dict[str, Any]:
    shown = container(name)
    labels = {} if owner is None else {"owner": owner}
    return {**shown, "Config": {**shown["Config"], "Labels": labels}}


def service(owner: str) -> dict[str, Any]:
    return {"ID": "s" * 25, "Spec": {"Name": "web", "Labels": {"owner": owner}}, "Endpoint": {}}


def joined(name: str, id: str) -> dict[str, Any]:
    """Hers, in the network of another one."""
    shown = owned_container(name, "alicia")
    return {**shown, "HostConfig": {**shown["HostConfig"], "NetworkMode": f"container:{id}"}}


def owned_spec(owner: str, *mounts: Any) -> dict[str, Any]:
    """Of a service whose tasks carry the label, too."""
    made, labels = spec(*mounts), {"owner": owner}
    made["TaskTemplate"]["ContainerSpec"]["Labels"] = labels
    return {**made, "Labels": labels}


def waiting(name: str, network: str, id: str = "") -> dict[str, Any]:
    """Hers, and on a network since its creation, or since it was started."""
    return {**owned_container(name, "alicia"), "NetworkSettings": {"Networks": {network: {"NetworkID": id}}}}


HIS = owned_container("his", "bob")
JOINER = container("joiner")["Id"]
OLD: dict[str, Any] = {
    "container": {
        "mine": owned_container("mine", "alicia"),
        "ours": owned_container("ours", "group:dev"),
        # A user of the same name as the group.
        "dev": owned_container("dev", "dev"),
        "his": HIS,
        "old": owned_container("old", None),
        "joiner": joined("joiner", HIS["Id"]),
        "behind": joined("behind", JOINER),
        "onhis": waiting("onhis", "his"),
        "ongone": waiting("ongone", "gone"),
        "connected": waiting("connected", "his", network("his")["Id"]),
        "onmine": waiting("onmine", "mine"),
        # A name that can be the beginning of the ID of another container (his): its own ID differs.
        "68": {**owned_container("68", "alicia"), "Id": "f" * 64},
        HIS["Id"]: HIS,
        JOINER: joined("joiner", HIS["Id"]),
    },
    "exec": {
        "inmine": {"ContainerID": "mine", "ProcessConfig": {}},
        "inhis": {"ContainerID": "his", "ProcessConfig": {}},
    },
    "volume": {"mine": owned(volume("mine"), "alicia"), "his": owned(volume("his"), "bob"), "old": volume("old")},
    "network": {
        "mine": owned(network("mine"), "group:dev"),
        "his": owned(network("his"), "bob"),
        "bridge": {**network("bridge"), "Name": "bridge"},
    },
    "service": {"mine": service("alicia"), "his": service("bob")},
}


@pytest.fixture(scope="module")
def judge() -> Judge:
    loaded = make_judge(FixedHost({"objects": OLD}), profile="baseline")
    values = {"ownership": "owner", "operator-groups": ["ops"]}
    policy = replace(loaded.policy, site={**loaded.policy.site, **values})
    return replace(loaded, policy=policy)


def refusals(
    judge: Judge, method: str, path: str, body: Mapping[str, Any] | None = None, who: Identity = ALICIA
) -> set[tuple[str, str]]:
    decision = judge.decide(envelope(method, f"/v1.45{path}", body), "d-1", NOON, identity=who)
    assert decision.fault is None
    return {(each.rule, each.at) for each in decision.denials}


CHANGED, READ, LABEL = "own-objects-only", "own-objects-read", "owner-label-own"
BY_ID = "path.id"
PATHS = [
    *(("POST", f"/containers/{{}}/{verb}", CHANGED, BY_ID) for verb in ("start", "stop", "kill", "wait", "attach")),
    *(("POST", f"/containers/{{}}/{verb}", CHANGED, BY_ID) for verb in ("pause", "rename?name=x")),
    *(("DELETE", f"/{kind}/{{}}", CHANGED, BY_ID) for kind in ("containers", "networks", "services")),
    ("DELETE", "/volumes/{}", CHANGED, "path.name"),
    ("POST", "/commit?container={}", CHANGED, "?container"),
    ("GET", "/containers/{}/attach/ws", CHANGED, BY_ID),
    *(("GET", f"/containers/{{}}/{what}", READ, BY_ID) for what in ("json", "logs", "top", "stats", "changes")),
    *(("GET", f"/containers/{{}}/{what}", READ, BY_ID) for what in ("export", "archive?path=/")),
    ("HEAD", "/containers/{}/archive?path=/", READ, BY_ID),
    *(("GET", f"/{path}", READ, BY_ID) for path in ("networks/{}", "services/{}", "services/{}/logs")),
    ("GET", "/volumes/{}", READ, "path.name"),
]


@pytest.mark.parametrize(("method", "path", "rule", "at"), PATHS, ids=[f"{each[0]} {each[1]}" for each in PATHS])
def test_what_a_path_names_is_for_owners_and_operators(
    judge: Judge, method: str, path: str, rule: str, at: str
) -> None:
    assert refusals(judge, method, path.format("his")) == {(rule, at)}
    assert refusals(judge, method, path.format("mine")) == set()
    assert refusals(judge, method, path.format("his"), who=OPERATOR) == set()
    # dockerd itself answers that there is none.
    assert refusals(judge, method, path.format("missing")) == set()


@pytest.mark.parametrize(
    "method_and_path", ["POST /exec/{}/start", "GET /exec/{}/json", "POST /exec/{}/resize?h=1&w=1"]
)
def test_an_exec_is_its_containers(judge: Judge, method_and_path: str) -> None:
    method, path = method_and_path.split()
    body = {"Detach": True} if path.endswith("start") else None

    assert refusals(judge, method, path.format("inmine"), body) == set()
    assert {rule for rule, _ in refusals(judge, method, path.format("inhis"), body)} <= {CHANGED, READ}
    assert refusals(judge, method, path.format("inhis"), body) != set()


@pytest.mark.parametrize(
    ("image", "labels", "refused"),
    [
        ("trojan", {}, True),
        *(("trojan", {"owner": owner}, False) for owner in ("", "group:ops", "bob")),
        *((image, {"a": "b"}, False) for image in ("plain", "missing", "theirs")),
    ],
)
def test_an_image_gives_no_container_of_operators_away(
    judge: Judge, image: str, labels: dict[str, str], refused: bool
) -> None:
    of_images = {"trojan": {"owner": "bob"}, "plain": {"a": "b"}, "theirs": {"owner": "group:ops"}}
    images = {name: {"Id": "sha256:" + "a" * 64, "Config": {"Labels": of}} for name, of in of_images.items()}
    judge = replace(judge, host=FixedHost({"objects": {**OLD, "image": images}}))
    body = {"Image": image, "Labels": labels}

    expected = {(LABEL, "Labels.owner")} if refused else set()
    assert refusals(judge, "POST", "/containers/create", body, OPERATOR) & {(LABEL, "Labels.owner")} == expected


def test_a_group_owns_too_and_what_has_no_label_is_the_operators(judge: Judge) -> None:
    assert refusals(judge, "GET", "/containers/ours/json") == set()
    assert refusals(judge, "GET", "/containers/dev/json") == {(READ, "path.id")}
    named = {"dev": {"dev": set(), "ours": {(READ, "path.id")}}, "group:dev": {"ours": {(READ, "path.id")}}}
    for user, refused in named.items():
        for name, rules in refused.items():
            assert refusals(judge, "GET", f"/containers/{name}/json", who=Identity(user, (), "token")) == rules
    assert refusals(judge, "GET", "/containers/old/json") == {(READ, "path.id")}
    assert refusals(judge, "GET", "/volumes/old") == {(READ, "path.name")}
    assert refusals(judge, "GET", "/containers/old/json", who=OPERATOR) == set()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("containers/mine/json", ["alicia"]),
        ("containers/old/json", ["the operators"]),
        ("containers/ours/json", ["group:dev"]),
        ("networks/bridge", None),
        ("containers/json", None),
    ],
)
def test_the_log_says_whose_objects_a_tool_at_a_door_uses(judge: Judge, path: str, expected: list[str] | None) -> None:
    request, tool = envelope("GET", f"/v1.45/{path}"), Identity("door:tool", ("dev",), "door")

    assert judge.decide(request, "d-1", NOON, identity=tool).line(0).get("owners") == expected
    assert "owners" not in judge.decide(request, "d-1", NOON, identity=ALICIA).line(0)


def test_nobody_owns_nothing(judge: Judge) -> None:
    for name in ("mine", "old"):
        assert refusals(judge, "GET", f"/containers/{name}/json", who=NO_IDENTITY) == {(READ, "path.id")}


def test_a_name_is_what_it_can_come_to_mean(judge: Judge) -> None:
    # "his" has an ID that begins with 68; alicia's container of the name 68 can be renamed meanwhile.
    assert HIS["Id"].startswith("68")

    assert refusals(judge, "GET", "/containers/68/json") == {(READ, "path.id")}


def test_an_alias_of_a_link_is_refused(judge: Judge) -> None:
    assert refusals(judge, "GET", "/containers/mine/db/json") == {("container-alias", "path.id")}


@pytest.mark.parametrize(
    ("host_config", "at"),
    [
        ({"Binds": ["his:/data"]}, "HostConfig.Binds[0]"),
        ({"Mounts": [{"Type": "volume", "Source": "his", "Target": "/x"}]}, "HostConfig.Mounts[0]"),
        ({"VolumesFrom": ["his"]}, "HostConfig.VolumesFrom[0]"),
        ({"NetworkMode": "container:his"}, "HostConfig.NetworkMode"),
        ({"PidMode": "container:his"}, "HostConfig.PidMode"),
        ({"NetworkMode": "his"}, "HostConfig.NetworkMode"),
        ({"Links": ["his"]}, "HostConfig.Links[0]"),
        ({"Links": ["mine:a", "/his:db"]}, "HostConfig.Links[1]"),
    ],
)
def test_a_new_container_uses_nothing_of_others(judge: Judge, host_config: dict[str, Any], at: str) -> None:
    body = {"Image": "busybox", "Labels": {"owner": "alicia"}, "HostConfig": host_config}
    mine = json.loads(json.dumps(body).replace("his", "mine"))

    assert (CHANGED, at) in refusals(judge, "POST", "/containers/create", body)
    assert CHANGED not in {rule for rule, _ in refusals(judge, "POST", "/containers/create", mine)}


@pytest.mark.parametrize(
    ("name", "refused"), [("onhis", True), ("ongone", True), ("connected", False), ("onmine", False), ("mine", False)]
)
def test_a_network_that_a_start_looks_up_by_name_is_ones_own(judge: Judge, name: str, refused: bool) -> None:
    """It was hers at the creation; she removed it, and another one made theirs under its name."""
    assert ((CHANGED, BY_ID) in refusals(judge, "POST", f"/containers/{name}/start")) is refused


def test_of_a_network_that_dockerd_does_not_show_both_causes_are_named(judge: Judge) -> None:
    """It was removed, or it is one of the swarm and this node is no manager."""
    decision = judge.decide(envelope("POST", "/v1.45/containers/ongone/start", None), "d-1", NOON, identity=ALICIA)

    owner = "an unknown owner (it is gone, or only swarm managers show it)"
    assert f"gone belongs to {owner}" in " ".join(write_denial(decision).split())


@pytest.mark.parametrize("name", ["joiner", "behind"])
def test_who_uses_a_container_is_in_the_namespaces_of_those_that_it_joins(judge: Judge, name: str) -> None:
    body = {"Image": "busybox", "Labels": {"owner": "alicia"}, "HostConfig": {"NetworkMode": f"container:{name}"}}

    assert (CHANGED, "path.id") in refusals(judge, "POST", f"/containers/{name}/start")
    assert (CHANGED, "HostConfig.NetworkMode") in refusals(judge, "POST", "/containers/create", body)
    assert (CHANGED, "?networkmode") in refusals(judge, "POST", f"/build?networkmode=container:{name}")
    # Her own she may stop and remove.
    assert refusals(judge, "POST", f"/containers/{name}/stop") == set()
    assert refusals(judge, "DELETE", f"/containers/{name}") == set()


def test_a_link_inside_a_network_names_a_container_too(judge: Judge) -> None:
    linked = {"NetworkingConfig": {"EndpointsConfig": {"mine": {"Links": ["his:db"]}}}, "Labels": {"owner": "alicia"}}
    joined = {"Container": "mine", "EndpointConfig": {"Links": ["his:db"]}}

    at = "NetworkingConfig.EndpointsConfig.mine.Links[0]"
    assert (CHANGED, at) in refusals(judge, "POST", "/containers/create", {"Image": "busybox", **linked})
    assert (CHANGED, "EndpointConfig.Links[0]") in refusals(judge, "POST", "/networks/mine/connect", joined)


@pytest.mark.parametrize("path", ["/containers/create", "/volumes/create", "/networks/create", "/services/create"])
@pytest.mark.parametrize(
    ("labels", "good"),
    [
        *(({"owner": owner}, True) for owner in ("alicia", "group:dev")),
        *(({"owner": owner}, False) for owner in ("dev", "group:alicia", "bob")),
        *((labels, False) for labels in ({}, {"Owner": "alicia"})),
    ],
    ids=["user", "group", "user of the group's name", "group of the user's name", "other", "none", "case"],
)
def test_what_is_new_carries_the_label_of_its_maker(
    judge: Judge, path: str, labels: dict[str, str], good: bool
) -> None:
    more = {"/containers/create": {"Image": "busybox"}, "/services/create": spec()}
    body: dict[str, Any] = {"Labels": labels, **more.get(path, {"Name": "x"})}

    assert ((LABEL, "Labels.owner") in refusals(judge, "POST", path, body)) is not good
    assert LABEL not in {rule for rule, _ in refusals(judge, "POST", path, body, who=OPERATOR)}


def test_a_service_is_changed_by_its_owner_and_stays_the_owners(judge: Judge) -> None:
    body = {**spec(), "Labels": {"owner": "alicia"}}

    assert (CHANGED, "path.id") in refusals(judge, "POST", "/services/his/update?version=1", body)
    assert CHANGED not in {rule for rule, _ in refusals(judge, "POST", "/services/mine/update?version=1", body)}
    given = {**body, "Labels": {"owner": "bob"}}
    assert (LABEL, "Labels.owner") in refusals(judge, "POST", "/services/mine/update?version=1", given)


@pytest.mark.parametrize("source", ['{{"his"}}', "{{.Service.Name}}", "h{{with `is`}}{{.}}{{end}}"])
def test_the_volume_of_a_service_has_a_name_that_can_be_looked_up(judge: Judge, source: str) -> None:
    def mounting(name: str) -> dict[str, Any]:
        return {
            **owned_spec("alicia", {"Type": "volume", "Source": name, "Target": "/x"}),
            "Name": "his",
        }

    at = "TaskTemplate.ContainerSpec.Mounts[0]"
    assert refusals(judge, "POST", "/services/create", mounting(source)) == {(CHANGED, at)}
    assert refusals(judge, "POST", "/services/create", mounting(source), who=OPERATOR) == set()
    assert refusals(judge, "POST", "/services/create", mounting("mine")) == set()


@pytest.mark.parametrize("verb", ["connect", "disconnect"])
def test_a_network_and_the_container_that_joins_or_leaves_are_both_ones_own(judge: Judge, verb: str) -> None:
    for net, joined, at in (("his", "mine", "path.id"), ("mine", "his", "Container"), ("bridge", "his", "Container")):
        assert (CHANGED, at) in refusals(judge, "POST", f"/networks/{net}/{verb}", {"Container": joined})
    for net in ("mine", "bridge"):
        assert CHANGED not in {
            rule for rule, _ in refusals(judge, "POST", f"/networks/{net}/{verb}", {"Container": "mine"})
        }


@pytest.mark.parametrize(
    ("name", "checks", "refused"),
    [
        ("his", None, True),
        ("his", False, True),
        ("his", True, False),
        ("old", False, True),
        ("mine", False, False),
        ("hi", False, False),
    ],
)
def test_a_new_network_makes_no_name_of_others_ambiguous(
    judge: Judge, name: str, checks: bool | None, *, refused: bool
) -> None:
    """Before 25.0 dockerd makes it, unless it is asked to check."""
    shown = {**OLD["network"], "old": network("old")}
    networks = {f"id of {each}": {**one, "Id": f"id of {each}", "Name": each} for each, one in shown.items()}
    asked = replace(judge, host=FixedHost({"objects": {**OLD, "network": networks}}))
    body = {"Name": name, "CheckDuplicate": checks, "Labels": {"owner": "alicia"}}

    assert refusals(asked, "POST", "/networks/create", body) == ({(CHANGED, "Name")} if refused else set())
    assert refusals(asked, "POST", "/networks/create", body, who=OPERATOR) == set()


@pytest.mark.parametrize(("anew", "refused"), [(None, False), ("alicia", False), ("bob", True)])
def test_a_network_that_goes_while_it_is_looked_up_takes_no_name(
    judge: Judge, monkeypatch: pytest.MonkeyPatch, anew: str | None, *, refused: bool
) -> None:
    """It was in the list, and dockerd knew no such ID a moment later."""
    networks = {} if anew is None else {"net": owned(network("net"), anew)}
    asked = replace(judge, host=FixedHost({"objects": {**OLD, "network": networks}}))
    list_all = FixedObjects.list_all
    gone: dict[str, Any] = {"Id": "gone", "Name": "net"}
    monkeypatch.setattr(
        FixedObjects, "list_all", lambda self, kind: [gone] if kind == "network" else list_all(self, kind)
    )

    body = {"Name": "net", "Labels": {"owner": "alicia"}}
    assert refusals(asked, "POST", "/networks/create", body) == ({(CHANGED, "Name")} if refused else set())


@pytest.mark.parametrize("kind", ["containers", "volumes", "networks", "images", "build"])
def test_a_prune_reaches_everybodys(judge: Judge, kind: str) -> None:
    assert refusals(judge, "POST", f"/{kind}/prune") == {(CHANGED, "path")}
    assert refusals(judge, "POST", f"/{kind}/prune", who=OPERATOR) == set()


@pytest.mark.parametrize(("kind", "filtered"), [("containers", True), ("volumes", True), ("images", False)])
def test_the_denial_of_a_prune_says_with_which_filter_it_passes(judge: Judge, kind: str, *, filtered: bool) -> None:
    decision = judge.decide(envelope("POST", f"/v1.45/{kind}/prune"), "d-1", NOON, identity=ALICIA)

    (violation,) = decision.denials
    assert ("--filter label=owner=alicia belongs to everybody" in violation.reason) is filtered


@pytest.mark.parametrize("path", ["/containers/json", "/volumes", "/networks", "/services", "/info", "/_ping"])
def test_lists_stay_open(judge: Judge, path: str) -> None:
    assert refusals(judge, "GET", path) == set()


def test_a_daemon_that_does_not_answer_refuses(judge: Judge) -> None:
    mute = replace(judge, host=SilentHost())

    assert refusals(mute, "GET", "/containers/mine/json") == {("lookup-failed", "path.id")}


def test_where_nobody_can_be_asked_all_that_exists_is_the_operators(judge: Judge) -> None:
    """With PORTERO_LOOKUPS=off, and where dockerd's socket is not found."""
    unasked = replace(judge, host=FixedHost())

    def create(**host_config: Any) -> set[tuple[str, str]]:
        body = {"Image": "busybox", "Labels": {"owner": "alicia"}, "HostConfig": host_config}
        return refusals(unasked, "POST", "/containers/create", body)

    # A container may be called as a network that is no one's.
    for path in ("/containers/mine/json", "/containers/bridge/json", "/exec/inmine/json"):
        assert refusals(unasked, "GET", path) == {(READ, BY_ID)}
    assert refusals(unasked, "GET", "/networks/bridge") == set()
    for path, body in (("/containers/mine/exec", {"Cmd": ["id"]}), ("/exec/inmine/start", {})):
        assert refusals(unasked, "POST", path, body) == {(CHANGED, BY_ID)}
    assert refusals(unasked, "DELETE", "/volumes/mine") == {(CHANGED, "path.name")}
    used = {(CHANGED, "HostConfig.Binds[0]"), (CHANGED, "HostConfig.NetworkMode")}
    assert used <= create(Binds=["data:/x"], NetworkMode="net")

    (violation,) = unasked.decide(envelope("GET", "/v1.45/containers/x/json"), "d-1", NOON, identity=ALICIA).violations
    assert "set PORTERO_LOOKUPS=auto" in violation.reason
    assert CHANGED not in {rule for rule, _ in create(NetworkMode="bridge", Tmpfs={"/t": ""}, Binds=["/srv/x:/x"])}
    assert refusals(unasked, "GET", "/containers/json") == set()
    for method, path in (("GET", "/containers/his/json"), ("DELETE", "/volumes/his")):
        assert refusals(unasked, method, path, who=OPERATOR) == set()


def test_without_the_value_everybody_uses_everything_and_nothing_is_looked_up(judge: Judge) -> None:
    policy = replace(judge.policy, site={**judge.policy.site, "ownership": ""})
    mute = replace(judge, host=SilentHost(), policy=policy)

    assert refusals(mute, "GET", "/containers/his/json") == set()
    assert refusals(mute, "POST", "/containers/his/stop") == set()


def test_the_reason_names_the_owner(judge: Judge) -> None:
    (violation,) = judge.decide(envelope("GET", "/v1.45/containers/his/json"), "d-1", NOON, identity=ALICIA).violations

    assert violation.reason.startswith("his belongs to bob, ")


def test_the_reason_does_not_turn_an_id_into_a_name_nor_names_what_is_mounted(judge: Judge) -> None:
    """Two digits of an ID, tried one after the other, named the containers of all users."""
    hidden = {**HIS, "Name": "/payroll", "Mounts": [{"Type": "volume", "Name": "his", "Destination": "/x"}]}
    found = {**OLD, "container": {**OLD["container"], "his": hidden, HIS["Id"]: hidden}}
    asked = replace(judge, host=FixedHost({"objects": found}))

    def reasons(method: str, path: str, body: Mapping[str, Any] | None = None) -> set[str]:
        decision = asked.decide(envelope(method, f"/v1.45{path}", body), "d-1", NOON, identity=ALICIA)
        assert decision.fault is None
        return {one.reason.partition(" belongs to ")[0] for one in decision.violations if one.rule in (CHANGED, READ)}

    id = HIS["Id"]
    assert reasons("GET", f"/containers/{id}/json") == {id}
    config = {"Image": "busybox", "Labels": {"owner": "alicia"}}
    assert reasons("POST", "/containers/create", {**config, "HostConfig": {"Links": [f"{id}:db"]}}) == {id}
    assert reasons("POST", "/containers/create", {**config, "HostConfig": {"Links": ["mine:db"]}}) == set()


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("/containers/create", "docker run --label owner=alicia …"),
        ("/volumes/create", "docker volume create --label owner=alicia …"),
        ("/networks/create", "docker network create --label owner=alicia …"),
        ("/services/create", "docker service create --label owner=alicia --container-label owner=alicia …"),
    ],
)
def test_a_denial_names_the_callers_own_label(judge: Judge, path: str, command: str) -> None:
    more = {"/containers/create": {"Image": "busybox"}, "/services/create": spec()}
    body = more.get(path, {"Name": "x"})
    decision = judge.decide(envelope("POST", f"/v1.45{path}", body), "d-1", NOON, identity=ALICIA)

    assert decision.suggestion is not None
    assert decision.suggestion.line == command
    told = {one.wording.text for one in decision.violations if one.wording and one.rule == LABEL}
    assert [text.rpartition(" ")[2] for text in told] == ["owner=alicia"]
    nobody = judge.decide(envelope("POST", f"/v1.45{path}", body), "d-1", NOON)
    assert nobody.suggestion is None
