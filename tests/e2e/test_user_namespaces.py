"""userns-remap at a real dockerd: a remap counts only where root in a container is another user of the host."""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.waiting import wait_until

from . import refusals
from .conftest import give_up
from .guarded import PLUGIN_SOCKET
from .host import ThrowAwayHost, missing
from .rawhttp import Client
from .refusals import refusing

pytestmark = pytest.mark.e2e

# It refuses each container in a user namespace of its own, and so shows what the facts are.
RULE = {
    "$schema": "../../rule.json",
    "dialect": 2,
    "title": "Containers share the user namespace of the host",
    "reason": "root is remapped.",
    "remedy": {"docker": "none", "compose": "none"},
    "level": "baseline",
    "threats": ["host-compromise"],
    "sources": ["Portero"],
    "operations": ["ContainerCreate"],
    "properties": {
        "facts": {
            "properties": {
                "namespaces": {"properties": {"user": {"properties": {"mode": {"not": {"const": "private"}}}}}}
            }
        }
    },
    "allows": {"docker run busybox": {}},
    "denies": {"docker run --userns private busybox": {"body": {"HostConfig": {"UsernsMode": "private"}}}},
}
SERVE = f"{sys.executable} -m portero serve --socket {PLUGIN_SOCKET} --profile baseline --schemas /etc/portero"


@contextmanager
def running(host: ThrowAwayHost, command: str, name: str) -> Iterator[None]:
    """A process of the host for the length of a block."""
    started = host.start(["bash", "-c", f"echo $$ > /run/{name}; exec {command}"], host.folder / f"{name}.log")
    try:
        yield
    finally:
        host.run(["bash", "-c", f"kill $(cat /run/{name})"])
        started.wait(30)


@contextmanager
def remapped(value: str, ranges: str) -> Iterator[ThrowAwayHost]:
    """A host whose guarded dockerd has this userns-remap; `ranges`: of the account dockremap, in /etc/subuid."""
    with ExitStack() as stack:
        host = stack.enter_context(ThrowAwayHost())
        config = json.dumps({"authorization-plugins": ["portero"], "userns-remap": value})
        prepared = host.run(
            [
                *("bash", "-ec"),
                "id dockremap || useradd --system dockremap; mkdir -p /etc/portero/rules/own; "
                f"echo dockremap:{ranges} | tee /etc/subuid > /etc/subgid; echo '{config}' > /etc/docker/daemon.json; "
                f"echo '{json.dumps(RULE)}' > /etc/portero/rules/own/seen-remap.json",
            ]
        )
        assert prepared.returncode == 0, prepared.stderr
        stack.enter_context(running(host, f"{SERVE} --log /run/decisions.jsonl", "portero"))
        refusals.LOGS.append(host.path("/run/decisions.jsonl"))
        wait_until(host.path(PLUGIN_SOCKET).exists, "portero did not listen")
        dockerd = "dockerd --iptables=false --ip6tables=false --bridge=none --shutdown-timeout=1"
        stack.enter_context(running(host, dockerd, "dockerd"))
        client = Client(host.path("/run/docker.sock"))
        try:
            wait_until(lambda: client.ask("GET", "/_ping").status == 200, "dockerd did not answer")
        except TimeoutError as error:
            raise TimeoutError((host.folder / "dockerd.log").read_text()[-2000:]) from error
        yield host


@pytest.mark.parametrize(
    ("value", "ranges", "remaps"),
    [("default", "231072:65536", True), ("root", "231072:65536", False), ("dockremap", "0:65536", False)],
)
def test_a_remap_counts_where_root_becomes_another_user(value: str, ranges: str, remaps: bool) -> None:
    if reason := missing():
        give_up(reason)
    with remapped(value, ranges) as host:
        create = Client(host.path("/run/docker.sock")).ask("POST", "/containers/create", {"Image": "none"})
        checked: Any = json.loads(host.run([sys.executable, "-m", "portero", "host", "--json"]).stdout)
        data_root = host.run(["docker", "info", "--format", "{{.DockerRootDir}}"]).stdout.strip()
        own = {"Image": "none", "HostConfig": {"Binds": [f"{data_root}:/x:ro"]}}
        refused = Client(host.path("/run/docker.sock")).ask("POST", "/containers/create", own)
        for_create, for_own = refusing(create.message), refusing(refused.message)

    assert ("seen-remap" in for_create) is remaps, create.message
    assert checked["host"]["daemon"]["userNamespaces"]["remapped"]["value"] is remaps
    assert "docker-data" in for_own
