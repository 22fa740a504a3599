"""Harmless work with the clients that people use: docker-compose, the docker command line, Python's docker package."""

from collections.abc import Iterator

import docker as docker_package
import pytest

from .guarded import GuardedDocker
from .host import REPOSITORY

pytestmark = pytest.mark.e2e

STACK = REPOSITORY / "tests" / "e2e" / "stack" / "compose.yaml"
COMPOSE = f"docker-compose --file {STACK}"


def test_a_harmless_compose_stack_lives_its_whole_life(docker: GuardedDocker) -> None:
    steps = (
        ("up --detach --quiet-pull", ""),
        ("ps --format '{{.Service}}'", "app\ncache\nweb"),
        ("exec -T web wget -q -O - http://web:8080/index.html", "it works"),
        ("exec -T cache ping -c 1 app", "1 packets received"),
        ("logs app", "app is up"),
        ("run --rm --no-deps app id -u", "0"),
        ("stop cache", ""),
        ("start cache", ""),
        ("up --detach --scale app=2", ""),
        ("down --volumes", ""),
    )

    with docker.nothing_refused():
        for words, expected in steps:
            assert expected in docker.do(f"{COMPOSE} {words}", timeout=90), words


def test_harmless_commands_of_the_docker_command_line_work(docker: GuardedDocker) -> None:
    steps = (
        ("docker run --rm busybox echo hello", "hello"),
        ("docker run --detach --name cli-web --memory 64m --init nginx:1.27", ""),
        ("docker exec cli-web id -u", "0"),
        ("echo text > /tmp/file; docker cp /tmp/file cli-web:/tmp/file && docker exec cli-web cat /tmp/file", "text"),
        ("docker stats --no-stream --format '{{.Name}}' cli-web", "cli-web"),
        ("docker update --cpus 0.5 cli-web", "cli-web"),
        ("docker commit cli-web cli-image", "sha256:"),
        ("docker tag cli-image cli-image:2 && docker rmi cli-image cli-image:2", "Untagged"),
        ("docker volume create cli-data && docker volume ls -q", "cli-data"),
        ("docker network create cli-net && docker network connect cli-net cli-web", ""),
        (
            "docker run --rm -v cli-data:/data --network cli-net busybox sh -c 'echo kept > /data/x; cat /data/x'",
            "kept",
        ),
        ("printf 'FROM busybox\\nRUN echo built\\n' | DOCKER_BUILDKIT=0 docker build -q -t cli-built -", "sha256:"),
        ("docker save cli-built | docker load", "Loaded image"),
        ("docker rm --force cli-web; docker volume rm cli-data; docker network rm cli-net", "cli-net"),
    )

    with docker.nothing_refused():
        for command, expected in steps:
            assert expected in docker.do(command), command


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
