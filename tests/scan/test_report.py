"""What a scan found, for machines and in one line."""

import re
from xml.etree import ElementTree

from portero.scan.bypasses import Bypass
from portero.scan.inventory import Inventory
from portero.scan.report import ScanReport
from tests.scan.recorded_daemon import Daemon
from tests.scan.scanning import found, make_clean, scan


def test_nothing_to_find_is_exit_status_0(daemon: Daemon) -> None:
    make_clean(daemon)

    result = scan(daemon)

    assert (result.exit_code, result.output) == (
        0,
        "starts without a request, so no rule judges it:\n"
        "  service svc: swarm starts its tasks, on any node\n"
        "Portero does not ask dockerd what exists (see portero status): its rules about that are blind\n"
        "scanned, dockerd 26.1.5+dfsg1, profile baseline: "
        "1 container, 1 service, 1 volume, 1 network; 0 would be refused, 0 open bypasses\n",
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
    assert [bypass["open"] for bypass in document["bypasses"]] == [
        not bypass["closed"] for bypass in document["bypasses"]
    ]


def test_the_ways_through_one_thing_stand_together() -> None:
    through = [
        Bypass("container", "web", command, ("no-privileged",), "docker rm -f web", ()) for command in ("a", "b")
    ]
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


def test_the_page_of_a_clean_daemon_says_so(daemon: Daemon) -> None:
    make_clean(daemon)

    page = scan(daemon, "--format", "html").output

    assert "None is open." in page
    assert "Nothing." in page
