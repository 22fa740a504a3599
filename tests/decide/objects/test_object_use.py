"""What names mean is found once for a request, and again for none where no daemon is asked."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portero.decide.judging.judge import Judge
from portero.decide.objects.object_use import ObjectFindings
from tests.decide.judging.requests import make_exception
from tests.decide.objects.test_existing_objects import (
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


def test_meanings_are_made_once_for_a_request() -> None:
    host, findings = FixedHost({"objects": {}}), ObjectFindings()

    assert findings.find_meanings(host) is findings.find_meanings(host) is not None
    assert ObjectFindings().find_meanings(FixedHost({})) is None
