"""The objects that a request names, as operations.json asks for them, and those that a name can come to mean."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portero.decide.judging.judge import Judge
from portero.decide.objects import named_objects
from portero.decide.objects.named_objects import Named
from tests.decide.judging.requests import make_exception
from tests.decide.objects.test_existing_objects import (
    SilentHost,
    container,
    create,
    decide,
    judge,
    judge_with,
    network,
    refuse,
    service,
    spec,
)
from tests.observe.host.fixed_objects import FixedHost

PLAIN = {"operation": "ContainerStart", "path": {}, "query": {}, "facts": {}, "body": None}
__all__ = ["judge"]  # a fixture

BAD_ID = "3f7d" + "0" * 60
BAD_NETWORK = "abc" + "1" * 61
BAD_SERVICE = "k9j" + "x" * 22


def find(looks_up: str, **document: Any) -> list[Named]:
    return [*named_objects.find_named({**PLAIN, **document}, [looks_up])]


def update(**body: Any) -> dict[str, Any]:
    return {"operation": "ContainerUpdate", "path": {"id": "web"}, "body": body}


ROLLBACK = {"path": {"id": "web"}, "query": {"rollback": ["previous"]}}
ON_FAILURE = {"body": {"UpdateConfig": {"FailureAction": "rollback"}}}
WEB, SERVICE = Named("container", "web", "path.id"), Named("service", "web", "path.id")


@pytest.mark.parametrize(
    ("looks_up", "document", "named"),
    [
        ("container", {"path": {"id": "web"}}, [WEB]),
        ("container", {"query": {"container": ["/web"]}}, [Named("container", "web", "?container")]),
        ("container", {}, []),
        # An update that only ends restarts uses nothing.
        ("container", update(RestartPolicy={"Name": "no"}, Memory=0), []),
        ("container", update(RestartPolicy={"Name": "no"}, Memory=1), [WEB]),
        ("container", update(RestartPolicy={"Name": "always"}), [WEB]),
        ("container", update(), [WEB]),
        ("exec", {"path": {"id": "0123"}}, [Named("exec", "0123", "path.id")]),
        ("rollback", ROLLBACK, [SERVICE]),
        ("rollback", {"path": {"id": "web"}}, []),
        # The first of two values counts.
        ("rollback", ROLLBACK | {"query": {"rollback": ["previous", ""]}}, [SERVICE]),
        ("rollback", ROLLBACK | {"query": {"rollback": ["", "previous"]}}, []),
        ("rollback", ROLLBACK | ON_FAILURE, [SERVICE]),
        ("rollback", {"path": {"id": "web"}} | ON_FAILURE, [Named("service", "web", "UpdateConfig.FailureAction")]),
        ("rollback", {"path": {"id": "web"}, "body": {"UpdateConfig": {"FailureAction": "pause"}}}, []),
        (
            "networks",
            {"facts": {"network": {"configFrom": "old"}, "networks": []}},
            [Named("network", "old", "ConfigFrom.Network")],
        ),
        ("networks", {"facts": {"network": {"configFrom": ""}, "networks": []}}, []),
        # No kinds of names: others look for these.
        ("sources", {"path": {"id": "web"}}, []),
        ("image", {"path": {"id": "web"}}, []),
    ],
    ids=str,
)
def test_a_request_names(looks_up: str, document: dict[str, Any], named: list[Named]) -> None:
    assert find(looks_up, **document) == named


def test_containers_are_those_of_volumes_from_and_of_namespaces() -> None:
    facts = {
        "volumesFrom": [{"container": "data", "at": "HostConfig.VolumesFrom[0]"}],
        "namespaces": {
            "pid": {"container": "/web", "at": "HostConfig.PidMode"},
            "ipc": {"container": None, "at": "HostConfig.IpcMode"},
        },
    }

    assert find("containers", facts=facts) == [
        Named("container", "data", "HostConfig.VolumesFrom[0]"),
        Named("container", "web", "HostConfig.PidMode"),
    ]


def test_volumes_have_names_and_networks_are_not_those_that_only_dockerd_makes() -> None:
    mounts = [
        {"type": "volume", "source": "data", "at": "a"},
        {"type": "volume", "source": None, "at": "b"},
        {"type": "bind", "source": "/srv", "at": "c"},
    ]
    names = ["", "default", "bridge", "host", "none", "docker_gwbridge", "ingress", "app"]
    networks = [{"name": name, "at": "n"} for name in names]

    assert find("volumes", facts={"mounts": mounts}) == [Named("volume", "data", "a")]
    assert [named.name for named in find("networks", facts={"networks": networks})] == [
        "docker_gwbridge",
        "ingress",
        "app",
    ]


def host(**found: Any) -> FixedHost:
    """One bad object of each kind, and these."""
    bad = {
        "container": {BAD_ID: {**container("priv", Privileged=True), "Id": BAD_ID}},
        "network": {BAD_NETWORK: {**network("foreign", "acme/bridge"), "Id": BAD_NETWORK}},
        "service": {BAD_SERVICE: {**service(spec({"Type": "bind", "Source": "/", "Target": "/x"})), "ID": BAD_SERVICE}},
    }
    networks = {"abc": "abc", "xyz": "xyz"}
    return FixedHost(
        {"objects": {kind: {**bad.get(kind, {}), **found.get(kind, {})} for kind in (*bad, *found)}}
        | {"networks": networks}
    )


def with_id(id: str, made: dict[str, Any]) -> dict[str, Any]:
    return {**made, "Id": id}


@pytest.mark.parametrize("name", ["3", "3f", "3f7d00000000", BAD_ID[:63]])
def test_a_harmless_container_whose_name_begins_the_id_of_a_bad_one_is_not_started(judge: Judge, name: str) -> None:
    judge = replace(judge, host=host(container={name: container(name)}))

    (violation,) = decide(judge, "POST", f"/containers/{name}/start").violations
    assert (violation.rule, violation.at) == ("existing-container", "path.id")
    assert violation.reason.startswith(f"Container priv, whose ID begins with {name}, exists already, and could not")


@pytest.mark.parametrize("name", ["3f8", "cafe", "web", "3f7d-1", "3F7D", "ab"])
def test_a_container_of_another_name_or_beside_a_harmless_one_is_started(judge: Judge, name: str) -> None:
    harmless = with_id("ab" + "0" * 62, container("other"))
    judge = replace(judge, host=host(container={name: container(name), harmless["Id"]: harmless}))

    assert decide(judge, "POST", f"/containers/{name}/start").violations == ()


def test_a_container_of_its_own_beginning_can_give_way_to_another_one(judge: Judge) -> None:
    own = with_id("3f" + "a" * 62, container("3f"))

    judge = replace(judge, host=host(container={"3f": own}))
    assert refuse(judge, "POST", "/containers/3f/start") == ["existing-container"]
    judge = replace(judge, host=host(container={"3faaaaaaaaaa": own}))
    assert refuse(judge, "POST", "/containers/3faaaaaaaaaa/start") == []


@pytest.mark.parametrize(("name", "rules"), [("abc", ["existing-network"]), ("xyz", [])])
def test_a_network_is_judged_with_those_whose_ids_begin_so(judge: Judge, name: str, rules: list[str]) -> None:
    judge = replace(judge, host=host(network={name: network(name)}))

    assert refuse(judge, *create(NetworkMode=name)) == rules


@pytest.mark.parametrize(("name", "rules"), [("k9j", ["existing-service"]), ("web", [])])
def test_a_rollback_is_judged_with_the_services_whose_ids_begin_so(judge: Judge, name: str, rules: list[str]) -> None:
    judge = replace(judge, host=host(service={name: {**service(None), "Spec": {"Name": name}}}))

    target = f"/services/{name}/update?version=7&rollback=previous"
    assert [rule for rule in refuse(judge, "POST", target, spec()) if rule != "unseen-rollback"] == rules


@pytest.mark.parametrize(
    ("method", "target", "body", "at"),
    [
        ("POST", "/containers/web/db/start", None, "path.id"),
        ("POST", "/commit?container=web/db", {}, "?container"),
        (*create(PidMode="container:web/db"), "HostConfig.PidMode"),
        (*create(VolumesFrom=["web/db:ro"]), "HostConfig.VolumesFrom[0]"),
    ],
)
@pytest.mark.parametrize("found", [{}, {"web/db": container("db")}], ids=["absent", "harmless"])
def test_the_alias_of_a_link_is_no_name(judge: Judge, found: Any, method: str, target: str, body: Any, at: str) -> None:
    judge = replace(judge, host=host(container=found))

    (violation,) = decide(judge, method, target, body).violations
    assert (violation.rule, violation.at) == ("container-alias", at)


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        *((name, ["network-name"]) for name in ("a//b", "/a", "..", "a/../b", "a/.", "app\n")),
        *((name, list[str]()) for name in ("a/b", "a/", "a..b", "...", "a b")),
    ],
)
def test_a_network_is_not_joined_by_a_name_that_cannot_be_looked_up(judge: Judge, name: str, rules: list[str]) -> None:
    judge = replace(judge, host=host())

    assert refuse(judge, *create(NetworkMode=name)) == rules
    assert refuse(judge, *create(NetworkMode="app")) == []


@pytest.mark.parametrize("target", ["/containers/web/db?link=1", "/containers/web/db"])
def test_the_alias_of_a_link_can_be_removed(judge: Judge, target: str) -> None:
    assert refuse(replace(judge, host=host()), "DELETE", target) == []


@pytest.mark.parametrize(("joined", "rules"), [(BAD_ID, ["existing-container"]), (container("plain")["Id"], [])])
def test_an_exception_for_a_joined_namespace_says_nothing_of_the_container_behind_it(
    tmp_path: Path, joined: str, rules: list[str]
) -> None:
    waiver = make_exception(["no-container-namespaces"], operation={"const": "ContainerCreate"})
    sidecar = container("sidecar", NetworkMode=f"container:{joined}")
    second = container("second", NetworkMode=f"container:{sidecar['Id']}")
    old = {"sidecar": sidecar, "second": second}
    old |= {shown["Id"]: shown for shown in (sidecar, second, container("plain"))}
    judge = replace(judge_with(tmp_path, {"exceptions/sidecars.json": waiver}), host=host(container=old))

    for name in ("sidecar", "second"):
        assert refuse(judge, "POST", f"/containers/{name}/start") == rules


def test_two_containers_that_name_each_other_are_judged(judge: Judge) -> None:
    old = {name: container(name, PidMode=f"container:{other}") for name, other in (("a1", "b1"), ("b1", "a1"))}

    (violation,) = decide(replace(judge, host=host(container=old)), "POST", "/containers/a1/start").violations
    assert violation.rule == "existing-container"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("network", {"Driver": "bridge"}),
        ("service", {"TaskTemplate": {"ContainerSpec": {"Image": "busybox"}}}),
        ("secret", {"Data": "eA=="}),
        ("config", {"Data": "eA=="}),
    ],
)
def test_a_new_name_begins_no_id_that_exists(judge: Judge, kind: str, body: Any) -> None:
    short, named, free = "i7cekpkw1g9i", "postgresql16", "elasticsearch"
    shown = {short: {"ID": short + "x" * 13}, named: {"ID": "s" * 25}}
    one = replace(judge, host=FixedHost({"objects": {kind: shown}}))

    def ask(name: str, asked: Judge = one) -> list[tuple[str, str]]:
        decision = decide(asked, "POST", f"/v1.45/{kind}s/create", {"Name": name, **body})
        return [(each.rule, each.at) for each in decision.violations if each.action == "deny"]

    assert ask(short) == [("no-names-like-ids", "Name")]
    assert [ask(name) for name in (named, free, "web", "")] == [[], [], [], []]
    # What is no beginning of an ID is not looked up.
    silent = replace(judge, host=SilentHost())
    assert [ask(name, silent) for name in (free, "web-1234567890")] == [[("lookup-failed", "Name")], []]


SHOP = network("shop", **{"com.docker.network.bridge.name": "shop-net"})


@pytest.mark.parametrize(
    ("parent", "is_refused"),
    [("shop-net", True), ("shop-net.7", True), ("shop-net2", False), ("shop", False), ("eth0", False), ("", False)],
)
def test_a_bridge_that_a_network_has_by_name_is_no_parent(judge: Judge, parent: str, is_refused: bool) -> None:
    at_daemon = replace(judge, host=FixedHost({"objects": {"network": {SHOP["Id"]: SHOP}}}))
    body = {"Name": "spy", "Driver": "macvlan", "Options": {"parent": parent}}
    decision = decide(at_daemon, "POST", "/networks/create", body)

    assert [(one.rule, one.at) for one in decision.violations if one.action == "deny"] == (
        [("no-docker-parents", "Driver")] if is_refused else []
    )
    # Options that were there before the bridge was, and a network that came through, are judged at their use.
    for old in (
        {**network("old", "null", parent=parent), "ConfigOnly": True},
        network("old", "macvlan", parent=parent),
    ):
        there = {SHOP["Id"]: SHOP, "old": {**old, "Id": "c" * 64}}
        at_daemon = replace(judge, host=FixedHost({"objects": {"network": there}}))
        body = {"Name": "spy", "Driver": "macvlan", "ConfigFrom": {"Network": "old"}}
        assert refuse(at_daemon, "POST", "/networks/create", body) == ["existing-network"] * is_refused


def test_of_many_networks_a_parent_is_found_in_one_list(judge: Judge) -> None:
    networks = {f"{n:064}": {**network(f"n{n}"), "Id": f"{n:064}"} for n in range(70)} | {SHOP["Id"]: SHOP}
    at_daemon = replace(judge, host=FixedHost({"objects": {"network": networks}}))
    body = {"Name": "spy", "Driver": "macvlan", "Options": {"parent": "eth0"}}

    assert refuse(at_daemon, "POST", "/networks/create", body) == []


def test_where_networks_cannot_be_listed_no_parent_is_taken(judge: Judge) -> None:
    body = {"Name": "spy", "Driver": "ipvlan", "Options": {"parent": "eth0"}}

    assert refuse(replace(judge, host=SilentHost()), "POST", "/networks/create", body) == ["lookup-failed"]
