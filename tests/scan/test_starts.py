"""What starts without a request: restart policies, services, live-restore."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from portero.decision import Decision
from portero.scan.inventory import Inventory
from portero.scan.judged_objects import JudgedObject, Kind
from portero.scan.starts import keeps_running, list_starts
from tests.scan.recorded_daemon import Daemon
from tests.scan.scanning import found, scan


def judged(kind: Kind, thing: Mapping[str, Any], *, allowed: bool = True) -> JudgedObject:
    return JudgedObject(kind, "web", "1", thing, {}, cast(Decision, SimpleNamespace(allowed=allowed)))


@pytest.mark.parametrize(
    ("policy", "start"),
    [
        ("always", "whenever it ends, and with dockerd"),
        ("unless-stopped", "whenever it ends, and with dockerd, until docker stop"),
        ("on-failure", "when it fails"),
    ],
)
def test_a_container_with_a_restart_policy_starts_by_itself(policy: str, start: str) -> None:
    (one,) = list_starts([judged("container", {"HostConfig": {"RestartPolicy": {"Name": policy}}})])

    assert (one.name, one.when, one.allowed) == ("web", start, True)


@pytest.mark.parametrize("policy", ["", "no"])
def test_one_without_does_not(policy: str) -> None:
    assert not [*list_starts([judged("container", {"HostConfig": {"RestartPolicy": {"Name": policy}}})])]


@pytest.mark.parametrize(("mode", "starts"), [({"Replicated": {"Replicas": 0}}, 0), ({"Global": {}}, 1), ({}, 1)])
def test_a_service_starts_tasks_unless_it_has_none(mode: Mapping[str, Any], starts: int) -> None:
    assert len([*list_starts([judged("service", {"Spec": {"Mode": mode}})])]) == starts


def test_volumes_and_networks_do_not_start() -> None:
    assert not [*list_starts([judged("volume", {}), judged("network", {})])]


def test_what_would_be_refused_comes_first() -> None:
    always = {"HostConfig": {"RestartPolicy": {"Name": "always"}}}

    starts = [*list_starts([judged("container", always), judged("container", always, allowed=False)])]

    assert [start.allowed for start in starts] == [False, True]


def test_live_restore_is_read_from_the_daemon() -> None:
    assert keeps_running(Inventory({"LiveRestoreEnabled": True}, (), (), (), (), {}, {}))
    assert not keeps_running(Inventory({}, (), (), (), (), {}, {}))


def test_every_format_lists_them(daemon: Daemon) -> None:
    daemon.named("priv")["HostConfig"]["RestartPolicy"] = {"Name": "always", "MaximumRetryCount": 0}
    daemon.answers["/info"]["LiveRestoreEnabled"] = True

    text = scan(daemon).output
    document = found(daemon)

    assert "  container priv: whenever it ends, and with dockerd  (would be refused)\n" in text
    assert "  running containers run on while dockerd is stopped (live-restore)\n" in text
    assert {"kind": "container", "name": "priv", "when": "whenever it ends, and with dockerd", "allowed": False} in (
        document["startsWithoutRequest"]
    )
    assert document["liveRestore"] is True
    assert "container priv: whenever it ends" in scan(daemon, "--format", "html").output
