"""`portero host` beside a real dockerd: what it reads, and that its probes reach the plugin and create nothing."""

import json
import shlex
import sys
from typing import Any

import pytest

from .guarded import LOG, GuardedDocker

pytestmark = pytest.mark.e2e


def checked(docker: GuardedDocker) -> Any:
    done = docker.portero("host", "--json", "--profile", "restricted")
    assert done.returncode == 1, done.stderr
    return json.loads(done.stdout)


def containers(docker: GuardedDocker) -> set[str]:
    """All there are; those of other tests may be among them, and go on to run or to end."""
    return {container["Id"] for container in docker.client.ask("GET", "/containers/json?all=1").json()}


def test_the_probes_find_a_fixed_engine_and_create_nothing(docker: GuardedDocker) -> None:
    before = containers(docker)

    outcome = checked(docker)

    assert {name: fact["value"] for name, fact in outcome["host"]["probes"].items()} == {
        "CVE-2024-41110": "fixed",
        "CVE-2026-34040": "fixed",
        "arrive": True,
    }
    assert containers(docker) == before
    assert docker.client.ask("GET", "/images/portero-probe.invalid/nothing:none/json").status == 404


def test_the_facts_of_a_running_dockerd_are_known(docker: GuardedDocker) -> None:
    outcome = checked(docker)

    daemon = outcome["host"]["daemon"]
    assert (daemon["installed"]["value"], daemon["running"]["value"]) == (True, True)
    assert daemon["authorizationPlugins"]["value"] == ["portero"]
    # The harness names the plugin with a reload: what dockerd reads at its start alone may differ from the file now.
    unknown = {name: fact["at"] for name, fact in daemon.items() if fact.get("value") == "unknown"}
    assert {name for name, at in unknown.items() if "changed after dockerd started" not in at} == set()
    assert {*unknown} == {"logOwners", "noNewPrivileges", "serversInPools", "userlandProxy"}
    limits = outcome["host"]["openFiles"]["process"]
    assert limits["hard"]["at"].startswith("/proc/")
    assert limits["hard"]["value"] != "unknown"
    assert "/run/docker.sock" in outcome["host"]["access"]["sockets"]["value"]
    assert {"guarded-by-portero", "asked-first"} <= {*outcome["passed"]}
    # The harness starts dockerd without iptables.
    assert {"rule": "daemon-keeps-firewall", "at": "dockerd --iptables"} in [
        {name: finding[name] for name in ("rule", "at")} for finding in outcome["findings"]
    ]


def test_a_benchmark_is_reported_with_what_log_and_host_show(docker: GuardedDocker) -> None:
    before = docker.log_size()
    refused = docker.docker("run", "--rm", "--privileged", "busybox", "true")
    assert "no-privileged" in refused.stderr
    command = ["report", "--benchmark", "cis", "--json", "--profile", "baseline", "--check-host", "-"]

    # Earlier lines may be of another test, which allowed a privileged container in mode audit.
    decisions = f"tail -c +{before + 1} {LOG}"
    done = docker.shell(f"{decisions} | {shlex.join([sys.executable, '-m', 'portero', *command])}")

    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    items = {item["id"]: item for item in report["items"]}
    assert (items["5.5"]["verdict"], items["2.12"]["verdict"]) == ("enforced", "holds")
    (rule,) = items["5.5"]["rules"]
    assert rule["log"]["refused"]["decisions"] >= 1
    assert report["host"]["profile"] == "restricted"
    # The harness starts dockerd without iptables.
    assert items["2.4"]["verdict"] == "violated"
