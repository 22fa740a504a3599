"""userns-remap at a real dockerd: a remap counts only where root in a container is another user of the host."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import refusals

from .conftest import need_dockerd
from .dockerd import DOCKERD, Dockerd
from .guarded import PLUGIN_SOCKET
from .refusals import refusing

pytestmark = pytest.mark.e2e

# It refuses each container in a user namespace of its own, and so shows what the facts are.
RULE = json.loads(Path(__file__).with_name("seen-remap.json").read_text())
SERVE = [sys.executable, "-m", "portero", "serve", "--socket", PLUGIN_SOCKET, "--profile", "baseline"]


class Remapped(Dockerd):
    """A guarded dockerd with this userns-remap; `ranges`: of the account dockremap, in /etc/subuid."""

    def __init__(self, value: str, ranges: str) -> None:
        super().__init__()
        self._config = json.dumps({"authorization-plugins": ["portero"], "userns-remap": value})
        self._ranges = ranges

    def set_up(self) -> None:
        self.do(
            "set -e; id dockremap || useradd --system dockremap; mkdir -p /etc/portero/rules/own; "
            f"echo dockremap:{self._ranges} | tee /etc/subuid > /etc/subgid; "
            f"echo '{self._config}' > /etc/docker/daemon.json; "
            f"echo '{json.dumps(RULE)}' > /etc/portero/rules/own/seen-remap.json"
        )
        serve = [*SERVE, "--schemas", "/etc/portero", "--log", "/run/decisions.jsonl"]
        self.enter_context(self.host.running("portero", serve, self.host.path(PLUGIN_SOCKET).exists))
        refusals.LOGS.append(self.host.path("/run/decisions.jsonl"))
        self.run_dockerd([*DOCKERD, "--bridge=none"])


@pytest.mark.parametrize(
    ("value", "ranges", "remaps"),
    [("default", "231072:65536", True), ("root", "231072:65536", False), ("dockremap", "0:65536", False)],
)
def test_a_remap_counts_where_root_becomes_another_user(value: str, ranges: str, remaps: bool) -> None:
    need_dockerd()
    with Remapped(value, ranges) as docker:
        create = docker.client.ask("POST", "/containers/create", {"Image": "none"})
        checked: Any = json.loads(docker.shell(f"{sys.executable} -m portero host --json").stdout)
        data_root = docker.do("docker info --format '{{.DockerRootDir}}'").strip()
        own = {"Image": "none", "HostConfig": {"Binds": [f"{data_root}:/x:ro"]}}
        refused = docker.client.ask("POST", "/containers/create", own)
        for_create, for_own = refusing(create.message), refusing(refused.message)

    assert ("seen-remap" in for_create) is remaps, create.message
    assert checked["host"]["daemon"]["userNamespaces"]["remapped"]["value"] is remaps
    assert "docker-data" in for_own
