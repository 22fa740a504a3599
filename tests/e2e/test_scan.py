"""`portero scan` at a real daemon: finds what came before Portero, and each way round it is as open as it says."""

import json
from typing import Any

import pytest

from tests.scan.scanning import refused
from tests.waiting import wait_until

from .guarded import GuardedDocker
from .refusals import refusing

pytestmark = pytest.mark.e2e

# What a careful person made; everything that dockerd fills in by itself is in these.
HARMLESS = (
    "docker run -d --name plain -p 127.0.0.1:8080:80 --memory 64m -v data:/d busybox sleep 1000",
    "docker network create mynet",
    "docker network create -d overlay --attachable over",
    "docker create --name member --network mynet --network-alias friend busybox",
    "docker volume create tidy",
    "docker volume create -o type=tmpfs -o device=tmpfs -o o=size=16m scratch",
    "docker service create -d --name svc --network over -p 8081:80 busybox sleep 1000",
    "docker volume create prepared && docker create --name reader -v prepared:/p:ro -v /anonymous busybox",
)
EVIL = {
    "priv": ("docker create --name priv --privileged busybox true", {"no-privileged"}),
    "pids": ("docker create --name pids --pid host busybox true", {"no-host-pid"}),
    "ipcs": ("docker run -d --name ipcs --ipc host busybox sleep 1000", {"no-host-ipc"}),
    "nets": ("docker run -d --name nets --network host busybox sleep 1000", {"no-host-network"}),
    "joins": (
        "docker run -d --name joins --network container:nets busybox sleep 1000",
        {"no-container-namespaces"},
    ),
    "evil": (
        "docker volume create -o type=none -o o=bind -o device=/ evil",
        {
            "no-bind-volumes",
            "no-sensitive-paths",
            "protected-paths",
            "docker-data",
            "no-daemon-sockets",
            "no-kernel-file-systems",
        },
    ),
    "binds": (
        "docker create --name binds -v /etc:/x busybox true",
        {"no-sensitive-paths", "protected-paths"},
    ),
    "heir": (
        "docker create --name heir --volumes-from binds busybox",
        {"no-volumes-from", "no-sensitive-paths", "protected-paths"},
    ),
    "caps": ("docker service create -d --name caps --cap-add SYS_ADMIN busybox sleep 1000", {"capabilities"}),
}
# Clean as they are asked for, and yet ways to the host: by a volume, by what was before, by a command laid ready.
SNEAKY = (
    "docker create --name user -v evil:/x busybox true",
    "docker service create -d --name before --mount type=bind,src=/etc,dst=/x busybox sleep 1000",
    "docker service update -d --mount-rm /x before",
)
# What a person puts for the words in capitals; and nobody needs to wait for a rollback to end.
WORDS = {"IMAGE": "busybox true", "COMMAND": "true", "FILE": "/tmp/file", "PATH": "/tmp", "rollback": "rollback -d"}
# The least that the profile restricted asks for.
CAREFUL = (
    "docker create --name careful --user 10001:10001 --read-only --cap-drop ALL --security-opt no-new-privileges"
    " --memory 64m --memory-swap 64m --cpus 0.5 --pids-limit 50 --ulimit nofile=1024:2048 --network none"
    " --log-driver syslog nginx:1.27 true"
)


class Scanned:
    """A daemon on which all of this was made before it was guarded."""

    def __init__(self, docker: GuardedDocker) -> None:
        self.docker = docker
        docker.unguard()
        for command in (*HARMLESS, *(made for made, _ in EVIL.values()), *SNEAKY, CAREFUL):
            docker.do(command)
        prepared = docker.client.ask("POST", "/containers/plain/exec", {"Cmd": ["true"], "Privileged": True})
        self.prepared = str(prepared.json()["Id"])
        for service in ("svc", "caps"):
            wait_until(lambda name=service: self._tasks(name) == 1, f"no task of {service} runs")  # type: ignore[misc]
        docker.guard()

    def _tasks(self, service: str) -> int:
        return len(self.docker.docker("ps", "-q", "--filter", f"name=^{service}\\.1\\.").stdout.split())

    def scan(self, *words: str, profile: str = "baseline") -> tuple[int, str]:
        """Exit status and output."""
        done = self.docker.portero("scan", "--profile", profile, *words)
        assert done.stderr == ""
        return done.returncode, done.stdout

    def found(self, profile: str = "baseline") -> Any:
        """The JSON document."""
        return json.loads(self.scan("--json", profile=profile)[1])


@pytest.fixture(scope="module")
def scanned(own_docker: GuardedDocker) -> Scanned:
    return Scanned(own_docker)


def test_all_that_is_evil_is_found_and_nothing_else(scanned: Scanned) -> None:
    assert refused(scanned.found()) == {name: rules for name, (_, rules) in EVIL.items()}


def test_what_a_careful_person_made_is_clean_under_every_profile(scanned: Scanned) -> None:
    assert "careful" not in refused(scanned.found("hardened"))
    assert "careful" not in refused(scanned.found("restricted"))


def test_the_ways_are_those_that_were_laid_and_all_are_closed(scanned: Scanned) -> None:
    ways = scanned.found()["ways"]

    laid = {(way["kind"], way["name"].partition(".")[0]) for way in ways}
    hosts = {"priv", "pids", "ipcs", "nets", "joins", "binds", "heir", "caps", "user", "plain"}
    assert laid == {("container", host) for host in hosts} | {("volume", "evil"), ("service", "before")}
    assert [way["command"] for way in ways if way["open"] and not way["name"].startswith("caps.")] == []


@pytest.mark.parametrize(("form", "start"), [("text", "container "), ("html", "<!doctype html>"), ("junit", "<?xml")])
def test_every_format_tells_of_the_same_daemon(scanned: Scanned, form: str, start: str) -> None:
    status, output = scanned.scan("--format", form)

    assert (status, output.startswith(start)) == (1, True)
    assert "docker run -v evil:/mnt IMAGE" in output


def test_a_way_that_is_open_is_walked_and_one_that_is_closed_is_refused(scanned: Scanned) -> None:
    """Every way that is told is tried at the guarded daemon."""
    ways = scanned.found()["ways"]
    docker = scanned.docker
    docker.shell("touch /tmp/file")

    for way in ways:
        if way["command"].startswith("POST "):
            answer = docker.client.ask("POST", f"/exec/{scanned.prepared}/start", {"Detach": True})
            assert answer.status == (200 if way["open"] else 403), answer.message
            continue
        command = way["command"]
        for word, meant in WORDS.items():
            command = command.replace(word, meant)
        done = docker.shell(command)
        if way["open"]:
            assert done.returncode == 0, f"{command}: {done.stderr}"
        else:
            assert set(way["closed"]) <= set(refusing(done.stdout + done.stderr)), command
