"""An exception lets what it covers through to a real daemon, until its day, and nothing else."""

import json
import shlex
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from .guarded import PLUGIN_SOCKET, GuardedDocker, serve, wait_until
from .refusals import refusing

pytestmark = pytest.mark.e2e

SITE = "/srv/site"
FILE = f"{SITE}/exceptions/probe.json"
# One worker, so that the one that answers for the status is the one that counted.
COMMAND = [*serve("baseline"), "--schemas", SITE, "--workers", "1"]
HOST_NETWORK = ("run", "--rm", "--network", "host")


def exception(days: int = 100, **changes: Any) -> dict[str, Any]:
    return {
        "$schema": "../exception.json",
        "rules": ["no-host-network"],
        "match": {
            "properties": {
                "operation": {"const": "ContainerCreate"},
                "facts": {"properties": {"image": {"properties": {"repository": {"const": "library/busybox"}}}}},
            }
        },
        "reason": "The probe measures the host's own interfaces.",
        "owner": "operations",
        "expires": (datetime.now(UTC) + timedelta(days=days)).date().isoformat(),
        **changes,
    }


class Site:
    """A guarded dockerd whose site has one exception."""

    def __init__(self, docker: GuardedDocker) -> None:
        self.docker = docker

    def write(self, content: dict[str, Any]) -> None:
        """Put the exception there; the plugin is not told."""
        self.docker.shell(f"mkdir -p {SITE}/exceptions")
        self.docker.host.path(FILE).write_text(json.dumps(content))

    def reload(self) -> None:
        """Have the plugin load the policy anew."""
        lines = self._lines()
        self.docker.host.signal(self.docker.plugin_pid, "HUP")
        wait_until(lambda: self._lines() > lines, "the plugin did not load its policy")
        wait_until(lambda: self.docker.client.ask("GET", "/_ping").status == 200, "no plugin at work")

    def status(self) -> dict[str, Any]:
        """What the plugin tells of itself."""
        words = [sys.executable, "-m", "portero", "status", "--json", "--socket", PLUGIN_SOCKET]
        return cast(dict[str, Any], json.loads(self.docker.shell(shlex.join(words)).stdout))

    def _lines(self) -> int:
        return self.docker.logs().partition("plugin.log")[2].count(" rules, profile ")


@pytest.fixture(scope="module")
def guarded(own_docker: GuardedDocker) -> Iterator[Site]:
    site = Site(own_docker)
    site.write(exception())
    with own_docker.guarded_by(COMMAND):
        yield site


@pytest.fixture
def site(guarded: Site) -> Site:
    """Each test finds an exception at work."""
    guarded.write(exception())
    guarded.reload()
    return guarded


def test_what_an_exception_covers_runs_and_the_log_says_by_whose_leave(site: Site) -> None:
    before = site.docker.log_size()

    ran = site.docker.docker(*HOST_NETWORK, "busybox", "true")

    assert ran.returncode == 0, ran.stderr
    (line,) = [line for line in site.docker.decisions(before) if line["operation"] == "ContainerCreate"]
    waived = [violation for violation in line["violations"] if violation["rule"] == "no-host-network"]
    assert line["allowed"] is True
    assert [(v["action"], v["exception"], v["place"]) for v in waived] == [
        ("waived", "probe", "HostConfig.NetworkMode")
    ]


def test_another_image_is_refused_by_the_rule(site: Site) -> None:
    assert "no-host-network" in refusing(site.docker.docker(*HOST_NETWORK, "nginx:1.27", "true").stderr)


def test_another_rule_that_the_request_breaks_refuses_it_alone(site: Site) -> None:
    refused = refusing(site.docker.docker(*HOST_NETWORK, "--privileged", "busybox", "true").stderr)

    assert "no-privileged" in refused
    assert "no-host-network" not in refused


def test_an_exception_that_has_run_out_waives_nothing_and_is_reported(site: Site) -> None:
    site.write(exception(days=-1))
    site.reload()

    refused = site.docker.docker(*HOST_NETWORK, "busybox", "true").stderr

    assert "no-host-network" in refusing(refused)
    assert [(one["id"], one["state"]) for one in site.status()["exceptions"]] == [("probe", "expired")]
    assert f"portero: {FILE}: ran out on " in site.docker.logs()


def test_an_exception_that_soon_runs_out_works_and_is_reported(site: Site) -> None:
    site.write(exception(days=13))
    site.reload()

    ran = site.docker.docker(*HOST_NETWORK, "busybox", "true")

    assert ran.returncode == 0, ran.stderr
    assert [one["state"] for one in site.status()["exceptions"]] == ["expiring"]
    assert f"portero: {FILE}: works until " in site.docker.logs()


def test_the_status_tells_whether_an_exception_is_used(site: Site) -> None:
    before = site.status()["exceptions"]

    site.docker.docker(*HOST_NETWORK, "busybox", "true")

    assert [(one["usedSinceStart"], one["owner"]) for one in before] == [(0, "operations")]
    assert [one["usedSinceStart"] for one in site.status()["exceptions"]] == [1]


def test_an_exception_that_would_waive_self_protection_is_not_taken_over(site: Site) -> None:
    digest = site.status()["policy"]
    site.write(exception(rules=["no-host-network", "no-plugin-changes"]))
    site.reload()

    refused = site.docker.docker("plugin", "disable", "portero").stderr

    status = site.status()
    assert "no-plugin-changes" in refusing(refused)
    assert status["policy"] == digest
    assert ["protects Portero itself" in fault for fault in status["reloadFaults"]] == [True]
