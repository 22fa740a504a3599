"""A name that may begin the ID of another object stands for that one too: it is renamed or removed in no time."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portero.host.fixed import FixedHost
from portero.judging.judge import Judge
from tests.judging.test_existing import (
    container,
    create,
    decide,
    judge,
    judge_with,
    network,
    refusing,
    service,
    spec,
)

__all__ = ["judge"]  # a fixture

BAD_ID = "3f7d" + "0" * 60
BAD_NETWORK = "abc" + "1" * 61
BAD_SERVICE = "k9j" + "x" * 22


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


@pytest.mark.parametrize("name", ["3f8", "cafe", "web", "3f7d-1", "3F7D"])
def test_a_harmless_container_of_another_name_is_started(judge: Judge, name: str) -> None:
    judge = replace(judge, host=host(container={name: container(name)}))

    assert decide(judge, "POST", f"/containers/{name}/start").violations == ()


def test_a_container_of_its_own_beginning_can_give_way_to_another_one(judge: Judge) -> None:
    own = with_id("3f" + "a" * 62, container("3f"))

    judge = replace(judge, host=host(container={"3f": own}))
    assert refusing(decide(judge, "POST", "/containers/3f/start")) == ["existing-container"]
    judge = replace(judge, host=host(container={"3faaaaaaaaaa": own}))
    assert refusing(decide(judge, "POST", "/containers/3faaaaaaaaaa/start")) == []


def test_what_begins_the_id_of_a_harmless_container_is_no_reason(judge: Judge) -> None:
    other = with_id("ab" + "0" * 62, container("other"))
    judge = replace(judge, host=host(container={"ab": container("ab"), other["Id"]: other}))

    assert refusing(decide(judge, "POST", "/containers/ab/start")) == []


@pytest.mark.parametrize(("name", "rules"), [("abc", ["existing-network"]), ("xyz", [])])
def test_a_network_is_judged_with_those_whose_ids_begin_so(judge: Judge, name: str, rules: list[str]) -> None:
    judge = replace(judge, host=host(network={name: network(name)}))

    assert refusing(decide(judge, *create(NetworkMode=name))) == rules


@pytest.mark.parametrize(("name", "rules"), [("k9j", ["existing-service"]), ("web", [])])
def test_a_rollback_is_judged_with_the_services_whose_ids_begin_so(judge: Judge, name: str, rules: list[str]) -> None:
    judge = replace(judge, host=host(service={name: {**service(None), "Spec": {"Name": name}}}))
    body = {"Name": name, "TaskTemplate": {"ContainerSpec": {"Image": "busybox"}}}

    target = f"/services/{name}/update?version=7&rollback=previous"
    assert [rule for rule in refusing(decide(judge, "POST", target, body)) if rule != "unseen-rollback"] == rules


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


@pytest.mark.parametrize("target", ["/containers/web/db?link=1", "/containers/web/db"])
def test_the_alias_of_a_link_can_be_removed(judge: Judge, target: str) -> None:
    assert refusing(decide(replace(judge, host=host()), "DELETE", target)) == []


@pytest.mark.parametrize(("joined", "rules"), [(BAD_ID, ["existing-container"]), ("plain", [])])
def test_an_exception_for_a_joined_namespace_says_nothing_of_the_container_behind_it(
    tmp_path: Path, joined: str, rules: list[str]
) -> None:
    waiver = {
        "$schema": "../exception.json",
        "dialect": 2,
        "rules": ["no-container-namespaces"],
        "match": {"properties": {"operation": {"const": "ContainerCreate"}}},
        "reason": "Sidecars are ours.",
        "owner": "team",
        "expires": "2030-01-01",
    }
    old = {
        "sidecar": container("sidecar", NetworkMode=f"container:{joined}"),
        "second": container("second", NetworkMode="container:sidecar"),
        "plain": container("plain"),
    }
    judge = replace(judge_with(tmp_path, {"exceptions/sidecars.json": waiver}), host=host(container=old))

    for name in ("sidecar", "second"):
        assert refusing(decide(judge, "POST", f"/containers/{name}/start")) == rules


def test_two_containers_that_name_each_other_are_judged(judge: Judge) -> None:
    old = {name: container(name, PidMode=f"container:{other}") for name, other in (("a1", "b1"), ("b1", "a1"))}

    (violation,) = decide(replace(judge, host=host(container=old)), "POST", "/containers/a1/start").violations
    assert violation.rule == "existing-container"
