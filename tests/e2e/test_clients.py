"""Harmless work with the clients that people use: docker-compose, the docker command line, Python's docker package."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker as docker_package
import pytest

from .conftest import BOTH_ENGINES
from .guarded import GuardedDocker
from .host import REPOSITORY

pytestmark = [pytest.mark.e2e, BOTH_ENGINES]

STACK = REPOSITORY / "tests" / "e2e" / "stack" / "compose.yaml"
# Commands, and what each prints.
WORK: Any = json.loads(Path(__file__).with_name("work.json").read_text())
COMPOSE = f"docker-compose --file {STACK}"


@pytest.fixture(scope="module")
def docker(own_docker: GuardedDocker) -> GuardedDocker:
    """One on each engine."""
    return own_docker


@pytest.mark.parametrize("client", ["compose", "docker"])
def test_harmless_commands_and_a_harmless_stack_work(docker: GuardedDocker, client: str) -> None:
    with docker.nothing_refused():
        for words, expected in WORK[client]:
            assert expected in docker.do(f"{COMPOSE} {words}" if client == "compose" else words, timeout=90), words


@pytest.fixture
def client(docker: GuardedDocker) -> Iterator[docker_package.DockerClient]:
    opened = docker_package.DockerClient(base_url=f"unix://{docker.socket}", timeout=60)
    yield opened
    opened.close()


def test_the_docker_package_runs_reads_and_removes(docker: GuardedDocker, client: docker_package.DockerClient) -> None:
    with docker.nothing_refused():
        network = client.networks.create("py-net", driver="bridge")
        volume = client.volumes.create("py-data")
        once = client.containers.run(
            "busybox",
            # The package reads the log when the container has ended; on a busy machine dockerd then still writes it.
            ["sh", "-c", "echo kept > /data/x; cat /data/x; sleep 1"],
            remove=True,
            volumes={"py-data": {"bind": "/data"}},
        )
        container = client.containers.run(
            "busybox", ["sh", "-c", "echo said; sleep 3600"], detach=True, init=True, network="py-net", mem_limit="64m"
        )
        ran = container.exec_run(["id", "-u"])
        said = container.logs(stream=False)
        container.reload()
        container.update(mem_limit="96m", memswap_limit="96m")
        container.stop(timeout=1)
        container.remove(v=True)
        volume.remove()
        network.remove()

    assert once == b"kept\n"
    assert (ran.exit_code, ran.output) == (0, b"0\n")
    assert said == b"said\n"


def test_the_docker_package_gets_the_reason_of_a_refusal(client: docker_package.DockerClient) -> None:
    with pytest.raises(docker_package.errors.APIError, match=r"no-privileged  HostConfig\.Privileged: "):
        client.containers.run("busybox", ["id"], privileged=True)
