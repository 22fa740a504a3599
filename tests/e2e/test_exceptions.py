"""An exception lets what it covers through to a real daemon, until its day, and nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.waiting import wait_until

from .guarded import GuardedDocker, serve
from .refusals import refusing

pytestmark = pytest.mark.e2e

SITE = "/srv/site"
FILE = f"{SITE}/exceptions/probe.json"
COMMAND = [*serve("baseline"), "--schemas", SITE]
BUSYBOX = {"registry": {"const": "docker.io"}, "repository": {"const": "library/busybox"}}
HOST_NETWORK = ("run", "--rm", "--network", "host")


def exception(days: int = 100, **changes: Any) -> dict[str, Any]:
    return {
        "$schema": "../exception.json",
        "dialect": 2,
        "rules": ["no-host-network"],
        "match": {
            "properties": {
                "operation": {"const": "ContainerCreate"},
                "facts": {"properties": {"image": {"properties": BUSYBOX}}},
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
        self._written = ""

    def write(self, content: dict[str, Any]) -> None:
        """Put the exception there; the plugin is not told."""
        self._written = datetime.now(UTC).isoformat(timespec="milliseconds")
        self.docker.write_json(FILE, content)

    def taken_over(self) -> None:
        """Wait until the folder is loaded as it is now, valid or not."""
        wait_until(lambda: self.docker.status()["lastReload"] > self._written, "the policy is not taken over")


@pytest.fixture(scope="module")
def guarded(own_docker: GuardedDocker) -> Site:
    site = Site(own_docker)
    site.write(exception())
    own_docker.replace_plugin(COMMAND)
    return site


@pytest.fixture
def site(guarded: Site) -> Site:
    """Each test finds an exception at work."""
    guarded.write(exception())
    guarded.taken_over()
    return guarded


def test_what_an_exception_covers_runs_and_the_log_says_by_whose_leave(site: Site) -> None:
    before = site.docker.log_size()

    ran = site.docker.docker(*HOST_NETWORK, "busybox", "true")

    assert ran.returncode == 0, ran.stderr
    line = site.docker.decision(before, "ContainerCreate")
    waived = [violation for violation in line["violations"] if violation["rule"] == "no-host-network"]
    assert line["allowed"] is True
    assert [(v["action"], v["exception"], v["at"]) for v in waived] == [("waived", "probe", "HostConfig.NetworkMode")]


@pytest.mark.parametrize("image", ["nginx:1.27", "evil.io/library/busybox"], ids=["another", "of another registry"])
def test_another_image_is_refused_by_the_rule(site: Site, image: str) -> None:
    site.docker.docker("tag", "busybox", "evil.io/library/busybox")

    assert "no-host-network" in refusing(site.docker.docker(*HOST_NETWORK, image, "true").stderr)


def test_an_exception_for_one_mount_waives_no_other(site: Site) -> None:
    site.docker.shell("mkdir -p /etc/app.d; echo settings > /etc/app.d/x")
    mounts = {"contains": {"properties": {"source": {"const": "/etc/app.d"}}}}
    site.write(
        exception(rules=["no-sensitive-paths"], match={"properties": {"facts": {"properties": {"mounts": mounts}}}})
    )
    site.taken_over()
    # The command line keeps the order of --mount, not that of --volume.
    run = ("run", "--rm", "--mount", "type=bind,src=/etc/app.d,dst=/conf,readonly")
    shown = ("busybox", "cat", "/conf/x")

    alone = site.docker.docker(*run, *shown)
    beside = site.docker.docker(*run, "--mount", "type=bind,src=/etc/shadow,dst=/x,readonly", *shown).stderr

    assert (alone.returncode, alone.stdout) == (0, "settings\n"), alone.stderr
    assert refusing(beside) == ["no-sensitive-paths"]
    assert "HostConfig.Mounts[1]" in beside
    assert "HostConfig.Mounts[0]" not in beside


def test_another_rule_that_the_request_breaks_refuses_it_alone(site: Site) -> None:
    refused = refusing(site.docker.docker(*HOST_NETWORK, "--privileged", "busybox", "true").stderr)

    assert "no-privileged" in refused
    assert "no-host-network" not in refused


@pytest.mark.parametrize(
    ("days", "state", "said", "refused"),
    [(-1, "expired", "expired on", ["no-host-network"]), (2, "expiring", "expires at the end of", [])],
    ids=["expired: it waives nothing", "expires soon: it works"],
)
def test_the_end_of_an_exception_is_reported(site: Site, days: int, state: str, said: str, refused: list[str]) -> None:
    site.write(exception(days=days))
    site.taken_over()

    ran = site.docker.docker(*HOST_NETWORK, "busybox", "true")

    assert (ran.returncode == 0, refusing(ran.stderr)) == (not refused, refused), ran.stderr
    assert [(one["id"], one["state"]) for one in site.docker.status()["exceptions"]] == [("probe", state)]
    assert f"portero: warning: {FILE}: {said} " in site.docker.logs()


def test_the_status_tells_how_often_an_exception_was_used(site: Site) -> None:
    (before,) = site.docker.status()["exceptions"]

    # `docker run` would use it again to attach and to start.
    site.docker.docker("create", "--network", "host", "busybox", "true")

    (after,) = site.docker.status()["exceptions"]
    assert after["owner"] == "operations"
    assert after["usedSinceStart"] == before["usedSinceStart"] + 1


def test_a_monitor_that_is_pinned_by_digest_reads_dockers_data(site: Site) -> None:
    image = site.docker.client.ask("GET", "/images/busybox/json").json()["Id"]
    digest = {"image": {"properties": {"digest": {"const": image}}}}
    match = {"properties": {"facts": {"properties": digest}}}
    site.write(exception(rules=["docker-data", "no-sensitive-paths"], match=match))
    site.taken_over()

    ran = site.docker.docker("run", "--rm", "-v", "/var/lib/docker:/x:ro", image, "ls", "/x")
    named = site.docker.docker("run", "--rm", "-v", "/var/lib/docker:/x:ro", "busybox", "ls", "/x")
    writes = site.docker.docker("run", "--rm", "-v", "/var/lib/docker:/x", image, "ls", "/x")

    assert ran.returncode == 0, ran.stderr
    assert "volumes" in ran.stdout.split()
    assert "docker-data" in refusing(named.stderr)
    assert refusing(writes.stderr) == ["protected-paths"]


def test_an_exception_that_would_waive_self_protection_is_not_taken_over(site: Site) -> None:
    digest = site.docker.status()["policy"]
    site.write(exception(rules=["no-host-network", "no-plugin-changes"]))
    site.taken_over()

    refused = site.docker.docker("plugin", "disable", "portero").stderr

    status = site.docker.status()
    assert "no-plugin-changes" in refusing(refused)
    assert status["policy"] == digest
    assert ["protects Portero itself" in fault for fault in status["reloadFaults"]] == [True]


def test_a_tool_that_is_pinned_by_digest_has_dockers_socket_and_nothing_else(site: Site) -> None:
    image = site.docker.client.ask("GET", "/images/busybox/json").json()["Id"]
    mounts = {"contains": {"properties": {"source": {"const": "/var/run/docker.sock"}}}}
    facts = {"image": {"properties": {"digest": {"const": image}}}, "mounts": mounts}
    rules = ["no-daemon-sockets", "no-sensitive-paths", "no-socket-mounts"]
    site.write(exception(rules=rules, match={"properties": {"facts": {"properties": facts}}}))
    site.taken_over()
    socket, containerd = ("-v", "/var/run/docker.sock:/x:ro"), ("-v", "/run/containerd/containerd.sock:/y")

    ran = site.docker.docker("run", "-d", "--name", "tool", *socket, image, "sleep", "600")
    inside = site.docker.docker("exec", "tool", "test", "-S", "/x")
    named = site.docker.docker("run", "--rm", *socket, "busybox", "true").stderr
    more = site.docker.docker("run", "--rm", *socket, *containerd, image, "true").stderr
    (attention,) = [line for line in site.docker.status()["attention"] if FILE in line]
    site.docker.docker("rm", "-f", "tool")

    assert (ran.returncode, inside.returncode) == (0, 0), ran.stderr + inside.stderr
    assert "no-daemon-sockets" in refusing(named)
    assert "protected-paths" in refusing(more)
    assert "has Docker's socket, which is root on the host, until" in attention
