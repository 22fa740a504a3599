"""`portero scan`: its text, and which daemon it asks."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from portero.serve.settings.settings import Settings
from tests.tools.cli.running import fault_of, portero
from tests.tools.scan.recorded_daemon import Daemon
from tests.tools.scan.scanning import found, make_clean, scan

# portero.tools.cli.scan is the command, too.
module = importlib.import_module("portero.tools.cli.scan")


def test_the_text_names_rule_place_remedy_and_what_closes_the_way(daemon: Daemon) -> None:
    result = scan(daemon)

    assert result.exit_code == 1
    assert "container priv, stopped:\n  no-privileged  HostConfig.Privileged: " in result.output
    assert "  container priv violates no-privileged -> docker rm -f priv\n    docker start priv\n" in result.output
    assert "bypasses that the rules close:\n" in result.output


def test_sarif_has_a_result_for_each_violation_by_the_level_of_its_rule(daemon: Daemon, tmp_path: Path) -> None:
    report = tmp_path / "scan.sarif"
    # Of one run: sockets of this machine come and go.
    document = json.loads(scan(daemon, "--json", "--format", f"sarif={report}", profile="hardened").stdout)
    (run,) = json.loads(report.read_text())["runs"]

    severities = {rule["id"]: float(rule["properties"]["security-severity"]) for rule in run["tool"]["driver"]["rules"]}
    results = {
        (each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], each["ruleId"]): each["level"]
        for each in run["results"]
    }
    denied = {
        (f"{thing['kind']}/{thing['name']}", violation["rule"])
        for thing in document["objects"]
        for violation in thing["violations"]
        if violation["action"] == "deny"
    }
    assert {place for place, level in results.items() if level != "note"} == denied
    assert (results["container/priv", "no-privileged"], severities["no-privileged"]) == ("error", 9.0)
    assert (results["container/plain", "memory-limit"], severities["memory-limit"]) == ("warning", 6.0)
    assert {level for (_, rule), level in results.items() if severities[rule] == 1.0} == {"note"}


def test_a_name_does_not_reach_the_terminal_as_an_order(daemon: Daemon) -> None:
    mynet = next(net for net in daemon.answers["/networks"] if net["Name"] == "mynet")
    mynet |= {"Driver": "acme/bridge", "Name": "a\x1b[2Jb"}

    output = scan(daemon).output

    assert "\x1b" not in output
    assert "network a?[2Jb:" in output


def test_managed_plugins_are_listed_and_one_in_place_of_portero_is_exit_status_1(daemon: Daemon) -> None:
    config = {"Linux": {"Capabilities": ["CAP_SYS_ADMIN"]}}
    other = {"Name": "sshfs:latest", "Enabled": True, "Config": config, "Settings": {}}
    shadow = {"Name": "portero:latest", "Enabled": False, "Config": {"Entrypoint": ["/bin/allow"]}, "Settings": {}}
    make_clean(daemon)
    assert scan(daemon).exit_code == 0
    daemon.answers["/plugins"] = [other]
    result = scan(daemon)
    assert result.exit_code == 0
    assert "managed plugin, judged by no rule: sshfs (enabled, CAP_SYS_ADMIN)\n" in result.output

    daemon.answers["/plugins"] = [other, shadow]
    result = scan(daemon)

    assert result.exit_code == 1
    assert "dockerd asks the managed plugin portero (disabled) instead of Portero (no-plugin-shadow)" in result.output
    assert "1 managed plugin in place of Portero" in result.output
    assert found(daemon)["plugins"]["shadows"] == ["portero (disabled)"]
    assert "dockerd asks portero (disabled) instead of Portero" in scan(daemon, "--format", "html").output
    assert "no-plugin-shadow" in scan(daemon, "--format", "junit").output


def test_plugins_that_cannot_be_read_are_exit_status_2(daemon: Daemon) -> None:
    daemon.answers["/plugins"] = [5]

    assert "cannot list the managed plugins" in fault_of(scan(daemon))


def test_without_an_option_the_daemon_of_docker_host_is_asked(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{daemon.socket}")

    result = portero("scan", "--host-root", "none", "--profile", "baseline")

    assert "scanned, dockerd 26.1.5" in result.output


@pytest.mark.parametrize(
    ("given", "answer", "expected"),
    [
        ({"lookups": "off"}, {"lookups": "auto"}, False),
        *(({}, {"lookups": said}, True) for said in ("auto", "unanswered")),
        *(({}, {"lookups": said}, False) for said in ("off", "unavailable")),
        *(({}, error(), True) for error in (OSError, ValueError)),
        ({"host_root": "none"}, {"lookups": "off"}, True),
    ],
    ids=str,
)
def test_the_running_portero_says_whether_it_looks_up(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], answer: Any, expected: bool
) -> None:
    def ask(socket: Path) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(module, "ask_status", ask)
    monkeypatch.setattr(module, "find_running", lambda *_: Path("/run/x.sock"))

    assert module._looks_up(Settings.read({}, given)) is expected
