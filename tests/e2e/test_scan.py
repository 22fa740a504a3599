"""`portero scan` at a real daemon: finds what came before Portero, and each way round it is as open as it says."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.tools.scan.scanning import refused
from tests.waiting import wait_until

from .guarded import GuardedDocker
from .refusals import refusing

pytestmark = pytest.mark.e2e

# What a careful person made, also under restricted, with all that dockerd fills in by itself.
# What is evil, with the rules that it breaks.
# What is clean as it is asked for, and yet a way to the host: by a volume, by what was before, by a command laid ready.
MADE: Any = json.loads(Path(__file__).with_name("scanned.json").read_text())
# What a person puts for the words in capitals; and nobody needs to wait for a rollback to end.
WORDS = {"IMAGE": "busybox true", "COMMAND": "true", "FILE": "/tmp/file", "PATH": "/tmp", "rollback": "rollback -d"}


class Scanned:
    """A daemon on which all of this was made before it was guarded."""

    def __init__(self, docker: GuardedDocker) -> None:
        self.docker = docker
        docker.unguard()
        evil = [made for made, _ in MADE["evil"].values()]
        for command in (*MADE["harmless"], *evil, *MADE["sneaky"], *MADE["careful"]):
            docker.do(command)
        prepared = docker.client.ask("POST", "/containers/plain/exec", {"Cmd": ["true"], "Privileged": True})
        self.prepared = str(prepared.json()["Id"])
        for service in ("svc", "caps"):
            wait_until(lambda name=service: self._tasks(name) == 1, f"no task of {service} runs")  # type: ignore[misc]
        # The container of a task that is being made is in no list of tasks yet.
        wait_until(lambda: self._count_unready() == 0, "tasks are not ready")
        docker.guard()

    def _count_unready(self) -> int:
        """An update makes the container of the next task while it waits: desired is `ready`."""
        shown = [(one["DesiredState"], one["Status"]["State"]) for one in self.docker.client.get("/tasks")]
        return sum(desired == "ready" or (desired == "running") != (state == "running") for desired, state in shown)

    def _tasks(self, service: str) -> int:
        return len(self.docker.docker("ps", "-q", "--filter", f"name=^{service}\\.1\\.").stdout.split())

    def scan(self, *words: str, profile: str = "baseline") -> tuple[int, str]:
        """Exit status and output."""
        done = self.docker.portero("scan", "--profile", profile, *words)
        # By which policy it judges, and nothing else.
        assert done.stderr.count("\n") == 1
        assert done.stderr.startswith("portero: judged by ")
        return done.returncode, done.stdout

    def found(self, profile: str = "baseline") -> Any:
        """The JSON document."""
        return json.loads(self.scan("--json", profile=profile)[1])


@pytest.fixture(scope="module")
def scanned(own_docker: GuardedDocker) -> Scanned:
    return Scanned(own_docker)


def test_all_that_is_evil_is_found_and_nothing_else(scanned: Scanned) -> None:
    assert refused(scanned.found()) == {name: {*rules} for name, (_, rules) in MADE["evil"].items()}


def test_what_a_careful_person_made_is_clean_under_every_profile(scanned: Scanned) -> None:
    assert "careful" not in refused(scanned.found("hardened"))
    assert "careful" not in refused(scanned.found("restricted"))


def test_the_ways_are_those_that_were_laid_and_all_are_closed(scanned: Scanned) -> None:
    bypasses = scanned.found()["bypasses"]

    laid = {(bypass["kind"], bypass["name"].partition(".")[0]) for bypass in bypasses}
    hosts = {"priv", "pids", "ipcs", "nets", "joins", "binds", "heir", "caps", "user", "plain"}
    assert laid == {("container", host) for host in hosts} | {("volume", "evil"), ("service", "before")}
    assert [bypass["command"] for bypass in bypasses if bypass["open"] and not bypass["name"].startswith("caps.")] == []


@pytest.mark.parametrize(("form", "start"), [("text", "container "), ("html", "<!doctype html>"), ("junit", "<?xml")])
def test_every_format_tells_of_the_same_daemon(scanned: Scanned, form: str, start: str) -> None:
    status, output = scanned.scan("--format", form)

    assert (status, output.startswith(start)) == (1, True)
    assert "docker run -v evil:/mnt IMAGE" in output


def test_a_way_that_is_open_is_walked_and_one_that_is_closed_is_refused(scanned: Scanned) -> None:
    """Every way that is told is tried at the guarded daemon."""
    bypasses = scanned.found()["bypasses"]
    docker = scanned.docker
    docker.shell("touch /tmp/file")

    for bypass in bypasses:
        if bypass["command"].startswith("POST "):
            answer = docker.client.ask("POST", f"/exec/{scanned.prepared}/start", {"Detach": True})
            assert answer.status == (200 if bypass["open"] else 403), answer.message
            continue
        command = bypass["command"]
        for word, meant in WORDS.items():
            command = command.replace(word, meant)
        done = docker.shell(command)
        if bypass["open"]:
            assert done.returncode == 0, f"{command}: {done.stderr}"
        else:
            assert set(bypass["closed"]) <= set(refusing(done.stdout + done.stderr)), command
