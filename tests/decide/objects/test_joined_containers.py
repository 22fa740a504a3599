"""What a request takes over from containers that it joins: as if it asked itself, exceptions of theirs or not."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portero.decide.judging.judge import Judge
from portero.decide.objects.joined_containers import find_joined
from portero.decide.objects.object_use import Meanings
from tests.decide.judging.requests import list_refusing, make_exception, write_files
from tests.decide.objects.test_existing_objects import HARMLESS, INHERITED, container, create, decide, refuse
from tests.judges import make_judge
from tests.observe.host.fixed_objects import FixedHost, FixedObjects

# Waived for these images alone, so nothing of the containers themselves is refused.
WAIVED = ["no-host-network", "no-host-pid", "no-host-ipc", "no-sensitive-paths"]


def whole_id(name: str) -> str:
    """What dockerd keeps of a container that was there when another joined it."""
    return f"container:{container(name)['Id']}"


CONTAINERS = {
    "plain": container("plain", mounts=(HARMLESS,)),
    "nethost": container("nethost", NetworkMode="host"),
    "between": container("between", NetworkMode=whole_id("nethost")),
    "pidhost": container("pidhost", PidMode="host"),
    "ipchost": container("ipchost", IpcMode="host"),
    "full": container("full", mounts=tuple(HARMLESS | {"Name": f"v{n}", "Destination": f"/v{n}"} for n in range(120))),
    "etc": container("etc", mounts=(INHERITED | {"Source": "/var/crash"},)),
    "a": container("a", NetworkMode="container:b"),
    "b": container("b", NetworkMode="container:a"),
    "joiner": container("joiner", NetworkMode=whole_id("nethost")),
    "waiting": container("waiting", NetworkMode="container:later"),
    "waits": container("waits", NetworkMode=whole_id("waiting")),
    "orphan": container("orphan", NetworkMode=whole_id("gone")),
    "beside": container("beside", NetworkMode=whole_id("plain"), PidMode=whole_id("plain")),
}
for one in CONTAINERS.values():
    one["Config"]["Image"] = "trusted"
CONTAINERS["joiner"]["Config"]["Image"] = "busybox"
BY_NAME_AND_ID = CONTAINERS | {one["Id"]: one for one in CONTAINERS.values()}
SEEN = "joined-containers-seen"


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    exception = make_exception(WAIVED, body={"properties": {"Image": {"const": "trusted"}}})
    write_files(tmp_path, {"exceptions/trusted.json": exception})
    host = FixedHost({"objects": {"container": BY_NAME_AND_ID}})
    return make_judge(host, schemas=str(tmp_path), profile="baseline")


@pytest.mark.parametrize(
    ("host_config", "rules"),
    [
        ({"NetworkMode": "container:plain", "PidMode": "container:plain", "IpcMode": "container:plain"}, []),
        *(({mode: "container:missing"}, [SEEN]) for mode in ("NetworkMode", "PidMode")),
        *(({"NetworkMode": f"container:{name}"}, ["existing-container", SEEN]) for name in ("waits", "a")),
        *(({"NetworkMode": f"container:{name}"}, []) for name in ("orphan", "beside")),
        *(({"NetworkMode": f"container:{name}"}, ["no-host-network"]) for name in ("nethost", "between")),
        ({"PidMode": "container:pidhost"}, ["no-host-pid"]),
        ({"IpcMode": "container:ipchost"}, ["no-host-ipc"]),
        ({"PidMode": "container:nethost"}, []),
        ({"VolumesFrom": ["plain"]}, []),
        ({"VolumesFrom": ["/plain:ro"], "Binds": ["/srv/other:/o"]}, []),
        ({"VolumesFrom": ["plain", "etc"]}, ["no-sensitive-paths"]),
        ({"VolumesFrom": ["etc:ro"]}, ["no-sensitive-paths"]),
        # By what they have: 120 mounts and eight, and nine of one.
        ({"VolumesFrom": ["full"], "Binds": [f"w{n}:/w{n}" for n in range(8)]}, []),
        ({"VolumesFrom": ["full"], "Binds": [f"w{n}:/w{n}" for n in range(9)]}, ["mounts-limited"]),
        ({"VolumesFrom": [f"plain{':ro' * (n % 2)}" for n in range(9)]}, []),
    ],
    ids=str,
)
def test_a_create_is_judged_by_what_it_takes_over(judge: Judge, host_config: Any, rules: list[str]) -> None:
    decision = decide(judge, *create(**host_config))

    assert sorted({*list_refusing(decision)}) == rules
    if "VolumesFrom" in host_config:
        last = f"[{len(host_config['VolumesFrom']) - 1}]" if rules != ["mounts-limited"] else ""
        at = f"HostConfig.VolumesFrom{last}"
        assert {violation.at for violation in decision.violations if violation.rule in rules} <= {at}


def test_a_start_is_judged_by_the_namespaces_that_it_gets(judge: Judge) -> None:
    assert list_refusing(decide(judge, "POST", "/containers/nethost/start")) == []
    refused = decide(judge, "POST", "/containers/joiner/start")

    assert "no-host-network (HostConfig.NetworkMode)" in refused.violations[0].reason


@pytest.mark.parametrize(("name", "refused"), [("waiting", True), ("beside", False), ("orphan", False)])
def test_a_container_that_joined_a_name_of_nobody_is_not_used(judge: Judge, name: str, refused: bool) -> None:
    for path in (f"/containers/{name}/start", f"/containers/{name}/restart"):
        violations = decide(judge, "POST", path).violations
        assert [f"{SEEN} (HostConfig.NetworkMode)" in one.reason for one in violations] == [True] * refused


def test_a_build_joins_as_a_container_does(judge: Judge) -> None:
    for name, rules in (("plain", []), ("nethost", ["no-host-network"])):
        decision = decide(judge, "POST", f"/build?networkmode=container:{name}")
        assert [rule for rule in list_refusing(decision) if rule == "no-host-network"] == rules


def test_where_no_daemon_is_asked_every_join_is_unseen(judge: Judge) -> None:
    unasked = replace(judge, host=FixedHost({}))
    for host_config, at in (
        ({"NetworkMode": "container:plain"}, "HostConfig.NetworkMode"),
        ({"VolumesFrom": ["plain"]}, "HostConfig.VolumesFrom[0]"),
    ):
        decision = decide(unasked, *create(**host_config))
        denied = [(violation.rule, violation.at) for violation in decision.denials]
        assert denied == [("joined-containers-seen", at)]
    assert "joined-containers-seen" not in refuse(unasked, *create(PidMode="host"))


def test_what_joins_nothing_is_left_as_it_is(judge: Judge) -> None:
    host = FixedHost({"objects": {}})
    document: dict[str, Any] = {"body": {}, "facts": {"namespaces": {}, "volumesFrom": []}}
    assert find_joined(document, Meanings(FixedObjects({})), host) == {}
