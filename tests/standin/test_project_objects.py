"""Containers that a client made are existing objects, with the mounts that their requests ask for."""

from dataclasses import replace

from portero.judging.denial_entries import choose_remedy
from portero.standin.objects import Container, State
from portero.standin.project_objects import ProjectObjects, drop_causes_named_elsewhere
from tests.report.conftest import checked, violation


def make_state() -> State:
    state = State()
    labels = {"com.docker.compose.service": "web"}
    config = {
        "Binds": ["/srv/a/../b:/b:ro", "data:/d"],
        "Mounts": [{"Type": "bind", "Source": "/srv/c", "Target": "/c"}, {"Type": "tmpfs", "Target": "/t"}],
    }
    for id, name in (("a" * 64, "shop-web-1"), ("b" * 64, "shop-db-1")):
        body = {"Image": "busybox", "Labels": labels if id[0] == "a" else {}, "HostConfig": config}
        state.containers[id] = Container(id, name, body)  # type: ignore[arg-type]
    return state


def test_a_container_has_the_mounts_of_its_request() -> None:
    shown = ProjectObjects(make_state()).inspect("container", "shop-web-1")

    assert shown is not None
    mounts = shown["Mounts"]
    assert [(each["Type"], each["Source"], each["RW"]) for each in mounts] == [  # type: ignore[union-attr, index, call-overload]
        ("bind", "/srv/b", False),
        ("volume", "/var/lib/docker/volumes/data/_data", True),
        ("bind", "/srv/c", True),
    ]


def test_only_those_that_were_made_before_are_listed_by_service() -> None:
    state = make_state()

    assert [each["Names"] for each in ProjectObjects(state).list_all("container")] == [["/web"], ["/shop-db-1"]]
    assert [each["Names"] for each in ProjectObjects(state, ("b" * 64,)).list_all("container")] == [["/shop-db-1"]]
    assert ProjectObjects(state).list_all("service") == []


def test_other_containers_count_as_plain_and_other_kinds_as_missing() -> None:
    objects = ProjectObjects(make_state())

    assert objects.inspect("volume", "data") is None
    assert objects.inspect("container", "elsewhere") is not None
    assert (objects.assumed, objects.members, objects.since) == ({"elsewhere"}, None, 0)
    assert objects.info()["DefaultRuntime"] == "runc"


def test_a_container_of_the_project_is_refused_for_itself_alone_and_one_of_the_host_here() -> None:
    remedy = {"docker": "create it anew", "compose": "change the service"}
    one = replace(violation("existing-container", "HostConfig.NetworkMode"), remedy=remedy)
    other = replace(one, rule="no-host-network")

    assert drop_causes_named_elsewhere(checked(one).decision, ProjectObjects(State())).allowed
    refused = drop_causes_named_elsewhere(checked(one, other).decision, ProjectObjects(State(), of_host={"vpn"}))
    assert [choose_remedy(each, "compose") for each in refused.violations] == ["create it anew", "change the service"]
