"""What a scan found, for machines and in one line."""

import re
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast
from xml.etree import ElementTree

import pytest

from portero.decide.decision import Decision
from portero.tools.scan.bypasses import Bypass
from portero.tools.scan.inventory import Inventory
from portero.tools.scan.judged_objects import JudgedObject, Kind
from portero.tools.scan.scan_result import ScanReport, keeps_running, list_starts
from tests.tools.scan.recorded_daemon import Daemon
from tests.tools.scan.scanning import found, make_clean, scan


def test_nothing_to_find_is_exit_status_0(daemon: Daemon) -> None:
    make_clean(daemon)

    result = scan(daemon)

    assert (result.exit_code, result.output) == (
        0,
        "starts without a request, so no rule judges it:\n"
        "  service svc: swarm starts its tasks, on any node\n"
        "Portero does not ask dockerd what exists (see portero status): its rules about that are blind\n"
        "scanned, dockerd 26.1.5+dfsg1, profile baseline: "
        "1 container, 1 service, 1 volume, 1 network; 0 would be denied, 0 open bypasses\n",
    )


def test_junit_has_a_case_for_each_thing_and_each_way(daemon: Daemon) -> None:
    suite = ElementTree.fromstring(scan(daemon, "--format", "junit").output).find("testsuite")

    assert suite is not None
    failed = {case.get("name") for case in suite.findall("testcase") if case.find("failure") is not None}
    passed = {case.get("name") for case in suite.findall("testcase")} - failed
    assert {"container priv, stopped", "docker start priv"} <= failed
    assert {"container plain, running", "docker run --volumes-from usesevil IMAGE"} <= passed


def test_machines_get_counts_things_and_ways(daemon: Daemon) -> None:
    document = found(daemon)

    assert document["clean"] is False
    assert document["counts"] == {"container": 4, "service": 3, "volume": 2, "network": 1}
    assert sum(document["counts"].values()) == len(document["objects"])
    assert [way["open"] for way in document["bypasses"]] == [not way["closed"] for way in document["bypasses"]]


def test_the_ways_through_one_thing_stand_together() -> None:
    through = [Bypass("container", "web", line, ("no-privileged",), "docker rm -f web", ()) for line in ("a", "b")]
    closed = Bypass("container", "db", "c", ("no-privileged",), "docker rm -f db", ("no-volumes-from",))
    empty = Inventory({}, (), (), (), (), {}, {})

    report = ScanReport(empty, "baseline", "ab", 0.0, (), [*through, closed])

    assert report.open_by_object == [(through[0], ["a", "b"])]
    assert report.closed == [closed]
    assert not report.clean


def test_the_page_stands_alone_and_escapes_every_name(daemon: Daemon) -> None:
    mynet = next(net for net in daemon.answers["/networks"] if net["Name"] == "mynet")
    mynet |= {"Driver": "acme/bridge", "Name": "<script>alert(1)</script>"}

    page = scan(daemon, "--format", "html").output

    assert page.startswith("<!doctype html>")
    assert "<script" not in page
    assert "network &lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not re.search(r"""(src|href)=|url\(|@import|https?:""", page)
    assert "prefers-color-scheme: dark" in page
    assert "docker start priv" in page
    assert "<dt>no-host-network</dt><dd>it sees and changes the host&#39;s network. Drop" in page


def test_the_page_of_a_clean_daemon_says_so(daemon: Daemon) -> None:
    make_clean(daemon)

    page = scan(daemon, "--format", "html").output

    assert "None is open." in page
    assert "Nothing." in page


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

    assert "  container priv: whenever it ends, and with dockerd  (would be denied)\n" in text
    assert "  running containers run on while dockerd is stopped (live-restore)\n" in text
    assert {"kind": "container", "name": "priv", "when": "whenever it ends, and with dockerd", "allowed": False} in (
        document["startsWithoutRequest"]
    )
    assert document["liveRestore"] is True
    assert "container priv: whenever it ends" in scan(daemon, "--format", "html").output
