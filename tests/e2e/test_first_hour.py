"""What README has a newcomer do: the recommended daemon.json, an image built and a project up under hardened.

Clients are those of the newest engine on both: buildx and compose 2. Then a host without the cgroup controller of CPU.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT

from .closed_devices import ClosedDocker, needs_device_groups
from .conftest import started
from .engine import NEW, chosen_engine, find_cli_plugins
from .guarded import PLUGIN_SOCKET, GuardedDocker
from .refusals import refusing

pytestmark = [pytest.mark.e2e, needs_device_groups]

RECOMMENDED = json.loads((ROOT / "packaging" / "files" / "daemon.json").read_text())
# The harness names the plugin once it runs.
BESIDE = {key: value for key, value in RECOMMENDED.items() if key != "authorization-plugins"}
FOLDER = "/srv/app"
DOCKERFILE = "FROM busybox\nRUN echo built > /made\n"
# As people write it, with the limits that daemon.json cannot give.
COMPOSE = """
services:
  web:
    build: .
    command: [sh, -c, "cat /made; sleep 600"]
    mem_limit: 64m
    memswap_limit: 64m
    cpus: 0.5
    pids_limit: 50
"""


@pytest.fixture(scope="module", params=[None, NEW], ids=["own", "newest"])
def docker(request: pytest.FixtureRequest) -> Iterator[GuardedDocker]:
    engine = request.param if chosen_engine() is None else None
    with started(ClosedDocker(profile="hardened", engine=engine, daemon_config=BESIDE)) as guarded:
        guarded.restart_dockerd()  # as README has it: entitlements count from dockerd's start on
        plugins = "/usr/local/libexec/docker/cli-plugins"
        guarded.do(f"mkdir -p {FOLDER} {plugins}; [ -L {plugins} ] || ln -st {plugins} {find_cli_plugins(NEW)}/*")
        guarded.host.path(f"{FOLDER}/Dockerfile").write_text(DOCKERFILE)
        guarded.host.path(f"{FOLDER}/compose.yaml").write_text(COMPOSE)
        yield guarded


def test_an_image_is_built_and_a_project_comes_up_from_the_start(docker: GuardedDocker) -> None:
    with docker.nothing_refused():
        _type(docker, "docker buildx build -t made:alone .")
        _type(docker, "docker compose up --build --detach")

    assert _type(docker, "docker compose logs --no-log-prefix web").strip() == "built"
    (web,) = json.loads(_type(docker, "docker inspect $(docker compose ps -q web)"))
    assert web["HostConfig"]["LogConfig"]["Config"] == RECOMMENDED["log-opts"]
    assert "4096" in _type(docker, "docker compose exec -T web sh -c 'ulimit -n'")
    _type(docker, "docker compose down --timeout 1")


def test_a_build_that_wants_the_hosts_network_still_fails(docker: GuardedDocker) -> None:
    done = docker.shell(_line("docker buildx build --network host ."), cwd=FOLDER, timeout=120)

    assert done.returncode != 0
    assert "network.host is not allowed" in done.stdout + done.stderr


def test_status_proves_that_dockerd_asks_and_that_it_no_longer_does(docker: GuardedDocker) -> None:
    command = ("status", "--expect-guarded", "--socket", PLUGIN_SOCKET)
    guarded = docker.portero(*command).stdout
    docker.unguard()
    try:
        done = docker.portero(*command)
    finally:
        docker.guard()

    assert "guarded" in guarded
    assert "yes: dockerd at /run/docker.sock asks" in guarded
    assert done.returncode == 1
    assert "/run/docker.sock: dockerd answers without asking portero; add " in done.stdout


@pytest.mark.parametrize("engine", [None, NEW], ids=["own", "newest"])
def test_a_limit_that_dockerd_cannot_enforce_is_not_demanded_and_the_host_check_says_so(engine: Path | None) -> None:
    class WithoutControllers(GuardedDocker):
        def set_up(self) -> None:
            self.do("umount /sys/fs/cgroup/cpu /sys/fs/cgroup/pids")
            super().set_up()

    limits = "-m 64m --memory-swap 64m --ulimit nofile=1024:2048"
    with started(WithoutControllers(profile="hardened", engine=None if chosen_engine() else engine)) as docker:
        run = docker.shell(f"docker run --rm {limits} busybox echo it runs")
        refused = docker.shell(f"docker run --rm {limits} --cpus 1 busybox true")
        dropped = docker.shell(f"docker run --rm {limits} --pids-limit 50 busybox echo it runs")
        without = docker.shell("docker run --rm busybox true")
        host = docker.portero("host", "--socket", PLUGIN_SOCKET).stdout

    assert run.stdout == "it runs\n", run.stderr
    assert "NanoCPUs can not be set" in refused.stderr
    assert (dropped.stdout, "PIDs limit discarded" in dropped.stderr) == ("it runs\n", True)
    assert refusing(without.stderr) == ["limits"]
    assert "no limit on memory, open files" in " ".join(without.stderr.split())
    assert "--cpus" not in without.stderr
    assert "daemon-enforces-limits" in host
    assert "rejects --cpus" in " ".join(host.split())


def _line(command: str) -> str:
    return f"export PATH={NEW}/root/usr/bin:$PATH DOCKER_BUILDKIT=1; {command}"


def _type(docker: GuardedDocker, command: str) -> str:
    return docker.do(_line(command), timeout=120, cwd=FOLDER)
