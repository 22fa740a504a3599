"""Containers that a client made are existing objects, with the mounts that their requests ask for."""

import json
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from portero.decide.judging.denial_entries import choose_remedy
from portero.tools.standin.objects import Container, State
from portero.tools.standin.trial_objects import (
    NO_OBJECTS,
    ProjectObjects,
    drop_causes_named_elsewhere,
    list_host_objects,
)
from tests.tools.cli.running import portero
from tests.tools.report.conftest import checked, violation
from tests.unix_server import Handler, responding, silent


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


LABELS = {"com.docker.compose.project": "media", "com.docker.compose.service": "loader"}
MOUNTS = [{"Type": "bind", "Source": "/srv/media", "Destination": "/d", "RW": True}]
ANSWERS: Mapping[str, object] = {
    "/containers/json?all=1": [{"Id": "a" * 64, "Names": ["/media-loader-1"], "Labels": LABELS, "Mounts": MOUNTS}],
    "/services": [],
    "/info": {"MemoryLimit": False, "SwapLimit": False, "CgroupVersion": "2"},
    "/containers/vpn/json": {
        "Id": "b" * 64,
        "Name": "/vpn",
        "Config": {"Image": "busybox"},
        "HostConfig": {"NetworkMode": "host"},
    },
}


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Path]:
    with responding(tmp_path / "d.sock", lambda daemon: daemon.reply_if_known(ANSWERS.get(daemon.path))):
        yield tmp_path / "d.sock"


def check(file: Path, socket: Path, profile: str = "baseline") -> tuple[set[str], str]:
    words = ("--docker-host", f"unix://{socket}", "--operation", "ContainerCreate")
    result = portero("check", "--profile", profile, *words, file)
    entries = [line.split()[0] for line in result.output.splitlines() if line.startswith("  ")]
    return {*entries} - {"try:", "then"}, result.output


def write(folder: Path, **config: object) -> Path:
    file = folder / "body.json"
    file.write_text(json.dumps({"Image": "busybox", "HostConfig": config}))
    return file


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"Binds": ["/srv/media/movies:/m:ro"]}, "no-sources-nested-with-containers"),
        ({"Binds": ["/srv/incoming:/m:ro"]}, ""),
        ({"NetworkMode": "container:vpn"}, "existing-container no-host-network"),
        ({"NetworkMode": "container:nobody"}, "joined-containers-seen"),
        ({"NetworkMode": "bridge"}, ""),
    ],
)
def test_a_request_is_judged_by_what_is_there(daemon: Path, tmp_path: Path, config: object, expected: str) -> None:
    rules, output = check(write(tmp_path, **config), daemon)

    assert rules == {*expected.split()}, output
    assert "judged beside the 1 container of this host" in output.splitlines()


def test_limits_that_the_daemon_cannot_enforce_are_not_asked_for(daemon: Path, tmp_path: Path) -> None:
    file = write(tmp_path)

    asked, enforced = (check(file, path, "hardened")[1] for path in (tmp_path / "nothing", daemon))
    assert ("memory" in asked, "swap" in asked, "processes" in asked) == (True, True, True)
    assert ("memory" in enforced, "swap" in enforced, "processes" in enforced) == (False, False, True)


def test_what_compose_replaces_is_left_out(daemon: Path) -> None:
    seen = list_host_objects([str(daemon)])

    assert len(seen.list_all("container", frozenset({("media", "player")}))) == 1
    assert seen.list_all("container", frozenset({("media", "loader")})) == []


def test_a_daemon_that_does_not_answer_is_named_within_seconds(tmp_path: Path) -> None:
    path, began = tmp_path / "d.sock", time.monotonic()
    with silent(path):
        rules, output = check(write(tmp_path, Privileged=True), path)

    assert rules == {"no-privileged"}
    assert f"not judged beside the containers of this host: {path}: no answer within 2 seconds" in output
    assert time.monotonic() - began < 20


def test_without_a_socket_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert list_host_objects([str(tmp_path / "none")]) is NO_OBJECTS
    assert NO_OBJECTS.note == ""


@pytest.mark.parametrize(
    ("path", "status", "body", "why"),
    [
        ("/containers/json?all=1", 403, {"message": "no"}, "answered with status 403"),
        ("/containers/json?all=1", 200, 7, "dockerd does not answer"),
        ("/containers/json?all=1", 200, [{"Labels": []}], "dockerd does not show its containers, services and /info"),
        ("/containers/json?all=1", 200, [{"Labels": {"com.docker.compose.service": 5}}], "dockerd does not show"),
        ("/info", 403, {"message": "no"}, "dockerd does not show its containers, services and /info"),
        ("/services", 403, {"message": "no"}, "dockerd does not show its containers, services and /info"),
    ],
)
def test_a_daemon_that_hides_something_is_named(tmp_path: Path, path: str, status: int, body: object, why: str) -> None:
    def respond(daemon: Handler) -> None:
        is_other = daemon.path != path
        daemon.reply(ANSWERS[daemon.path] if is_other else body, 200 if is_other else status)

    with responding(tmp_path / "d.sock", respond):
        assert f"/d.sock: {why}" in list_host_objects([str(tmp_path / "d.sock")]).note


def test_a_socket_where_nothing_listens_any_more_is_named(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "d.sock"))

    assert list_host_objects([str(tmp_path / "d.sock")]).note.endswith("/d.sock: dockerd does not answer")
