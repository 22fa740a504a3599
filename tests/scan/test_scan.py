"""`portero scan`: what exists is judged as if it were asked for now, and ways round the rules are told apart."""

import json
import re
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from portero.cli import main
from tests.scan.recorded_daemon import Daemon


def scan(daemon: Daemon, *words: str, profile: str = "baseline") -> Result:
    where = ["--docker-host", f"unix://{daemon.socket}", "--host-root", "none", "--profile", profile]
    return CliRunner().invoke(main, ["scan", *where, *words])


def found(daemon: Daemon, *words: str) -> Any:
    result = scan(daemon, "--json", *words)
    assert result.exit_code in (0, 1), result.stderr
    return json.loads(result.output)


def refused(document: Any) -> dict[str, set[str]]:
    """The refusing rules of everything that would be refused."""
    return {
        thing["name"]: {v["rule"] for v in thing["violations"] if v["action"] == "deny"}
        for thing in document["things"]
        if not thing["allowed"]
    }


def ways(document: Any, *, still_open: bool = True) -> dict[str, set[str]]:
    """The broken rules behind each way."""
    return {way["command"]: set(way["rules"]) for way in document["ways"] if way["open"] is still_open}


def make_clean(daemon: Daemon) -> None:
    """Leave only what nobody objects to."""
    plain = daemon.named("plain")
    daemon.answers["/containers/json"] = [{"Id": plain["Id"]}]
    plain["ExecIDs"] = None
    daemon.answers["/services"] = [one for one in daemon.answers["/services"] if one["Spec"]["Name"] == "svc"]
    volumes = daemon.answers["/volumes"]
    volumes["Volumes"] = [one for one in volumes["Volumes"] if one["Name"] == "tidy"]


def test_what_would_be_refused_now_is_found_and_the_rest_is_clean(daemon: Daemon) -> None:
    document = found(daemon)

    rules = refused(document)
    assert rules["priv"] == {"no-privileged"}
    assert rules["neth"] == {"no-host-network"}
    assert rules["caps"] == {"capabilities"}
    assert {"no-bind-volumes", "no-sensitive-paths"} <= rules["evil"]
    assert set(rules) == {"priv", "neth", "caps", "evil"}
    assert {thing["name"] for thing in document["things"] if thing["allowed"]} == {
        "plain", "usesevil", "svc", "before", "tidy", "mynet",
    }  # fmt: skip


def test_ways_round_the_rules_are_told_with_the_rules_that_are_broken(daemon: Daemon) -> None:
    told = ways(found(daemon))

    assert told["docker start priv"] == {"no-privileged"}
    assert told["docker exec neth COMMAND"] == {"no-host-network"}
    assert "no-bind-volumes" in told["docker run -v evil:/mnt IMAGE"]
    assert "no-bind-volumes" in told["docker start usesevil"]
    assert "no-bind-volumes" in told["docker cp FILE usesevil:PATH"]
    assert "no-sensitive-paths" in told["docker service rollback before"]
    (task,) = [command for command in told if command.startswith("docker exec caps.1.")]
    assert told[task] == {"capabilities"}
    (prepared,) = [command for command in told if re.fullmatch(r"POST /exec/[0-9a-f]{12}/start", command)]
    assert told[prepared] == {"no-privileged"}
    assert len(told) == 8


def test_a_way_that_a_rule_refuses_is_closed_and_says_by_which(daemon: Daemon) -> None:
    document = found(daemon)

    assert {way["command"]: way["closed"] for way in document["ways"] if not way["open"]} == {
        "docker run --volumes-from usesevil IMAGE": ["no-volumes-from"],
        "docker run --network container:neth IMAGE": ["no-container-namespaces"],
    }


def test_a_rule_that_the_site_switches_off_opens_the_way(daemon: Daemon, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "site.json").write_text('{"actions": {"no-volumes-from": "off"}}')

    document = found(daemon, "--schemas", str(tmp_path / "site"))

    assert "docker run --volumes-from usesevil IMAGE" in ways(document)


def test_a_network_of_a_foreign_driver_is_a_way(daemon: Daemon) -> None:
    mynet = next(net for net in daemon.answers["/networks"] if net["Name"] == "mynet")
    mynet["Driver"] = "acme/bridge"

    assert ways(found(daemon))["docker run --network mynet IMAGE"] == {"no-network-plugins"}


def test_a_command_that_ran_already_is_no_way(daemon: Daemon) -> None:
    (exec,) = [said for path, said in daemon.answers.items() if path.startswith("/exec/")]
    exec["ExitCode"] = 0

    assert not [command for command in ways(found(daemon)) if command.startswith("POST")]


def test_nothing_to_find_is_exit_status_0(daemon: Daemon) -> None:
    make_clean(daemon)

    result = scan(daemon)

    assert (result.exit_code, result.output) == (
        0,
        "scanned, dockerd 26.1.5+dfsg1, profile baseline: "
        "1 container, 1 service, 1 volume, 1 network; 0 would be refused, 0 ways round Portero\n",
    )


def test_the_text_names_rule_place_remedy_and_what_closes_the_way(daemon: Daemon) -> None:
    result = scan(daemon)

    assert result.exit_code == 1
    assert "container priv, stopped:\n  no-privileged  HostConfig.Privileged: " in result.output
    assert "  container priv breaks no-privileged -> docker rm -f priv\n    docker start priv\n" in result.output
    assert "ways that the rules close:\n" in result.output


def test_a_name_does_not_reach_the_terminal_as_an_order(daemon: Daemon) -> None:
    mynet = next(net for net in daemon.answers["/networks"] if net["Name"] == "mynet")
    mynet |= {"Driver": "acme/bridge", "Name": "a\x1b[2Jb"}

    output = scan(daemon).output

    assert "\x1b" not in output
    assert "network a?[2Jb:" in output


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


def test_junit_has_a_case_for_each_thing_and_each_way(daemon: Daemon) -> None:
    suite = ElementTree.fromstring(scan(daemon, "--format", "junit").output).find("testsuite")

    assert suite is not None
    failed = {case.get("name") for case in suite.findall("testcase") if case.find("failure") is not None}
    passed = {case.get("name") for case in suite.findall("testcase")} - failed
    assert {"container priv, stopped", "docker start priv"} <= failed
    assert {"container plain, running", "docker run --volumes-from usesevil IMAGE"} <= passed


def test_a_node_that_is_no_manager_says_that_it_does_not_see_services(daemon: Daemon) -> None:
    daemon.answers["/info"]["Swarm"]["ControlAvailable"] = False

    result = scan(daemon)

    assert "this node is no manager of its swarm: services were not looked at" in result.output
    # Without swarm's word the containers of services count as anybody's.
    assert {"svc", "caps"} <= {thing["name"].partition(".")[0] for thing in found(daemon)["things"]}


def test_what_goes_away_meanwhile_is_left_out(daemon: Daemon) -> None:
    priv = daemon.named("priv")
    del daemon.answers[f"/containers/{priv['Id']}/json"]

    assert "priv" not in refused(found(daemon))


def test_an_answer_that_cannot_be_read_is_exit_status_2(daemon: Daemon) -> None:
    daemon.named("priv")["HostConfig"] = 7

    result = scan(daemon)

    assert (result.exit_code, result.stderr) == (
        2,
        "portero: dockerd tells of something that cannot be read, at HostConfig\n",
    )


def test_a_daemon_that_refuses_is_exit_status_2(daemon: Daemon) -> None:
    del daemon.answers["/networks"]

    result = scan(daemon)

    assert result.exit_code == 2
    assert result.stderr.startswith("portero: dockerd: ")


def test_nobody_at_the_socket_is_exit_status_2(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["scan", "--docker-host", f"unix://{tmp_path}/none.sock"])

    assert (result.exit_code, result.stderr) == (
        2,
        f"portero: unix://{tmp_path}/none.sock: No such file or directory\n",
    )


def test_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "docker", None)

    result = CliRunner().invoke(main, ["scan"])

    assert result.exit_code == 2
    assert "install portero with its extra `scan`" in result.stderr


def test_without_an_option_the_daemon_of_docker_host_is_asked(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{daemon.socket}")

    result = CliRunner().invoke(main, ["scan", "--host-root", "none", "--profile", "baseline"])

    assert "scanned, dockerd 26.1.5" in result.output
