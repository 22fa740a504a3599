"""Portero as a managed plugin, built by `make plugin` on a base that comes from no registry."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .guarded import GuardedDocker
from .host import REPOSITORY

pytestmark = pytest.mark.e2e

BASE = "python-base:latest"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smallest Debian that has python3."""
    folder = tmp_path_factory.mktemp("base")
    words = ["debootstrap", "--variant=minbase", "--include=python3", "trixie", str(folder)]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, timeout=300)
    return folder


@pytest.fixture(scope="module")
def docker(own_docker: GuardedDocker, base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedDocker]:
    """A dockerd that is guarded by the managed plugin instead of the process on the host."""
    own_docker.unguard()
    own_docker.stop_plugin()
    # The wheels come over the machine's network; the build itself, on the throw-away host, has none.
    environment = {**os.environ, "DOCKER_HOST": f"unix://{own_docker.socket}", "BASE": BASE, "PYTHON": sys.executable}
    archive = subprocess.run(["tar", "-C", str(base), "-c", "."], check=True, capture_output=True).stdout
    subprocess.run(["docker", "import", "-", BASE], input=archive, check=True, env=environment, capture_output=True)
    environment["DEST"] = str(tmp_path_factory.mktemp("plugin"))
    built = subprocess.run(
        ["packaging/build.sh"],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    _enable(own_docker)
    own_docker.guard()
    yield own_docker
    own_docker.unguard()
    own_docker.docker("plugin", "disable", "-f", "portero")


def _enable(docker: GuardedDocker) -> None:
    docker.docker("plugin", "set", "portero", "PORTERO_PROFILE=baseline")
    enabled = docker.docker("plugin", "enable", "portero")
    assert enabled.returncode == 0, enabled.stderr + docker.logs()


def test_a_harmless_container_runs(docker: GuardedDocker) -> None:
    ran = docker.docker("run", "--rm", "busybox", "echo", "hello")

    assert (ran.returncode, ran.stdout) == (0, "hello\n"), ran.stderr


def test_a_privileged_container_is_refused(docker: GuardedDocker) -> None:
    ran = docker.docker("run", "--rm", "--privileged", "busybox", "id")

    assert ran.returncode != 0
    assert "authorization denied by plugin portero:latest" in ran.stderr
    assert "no-privileged  HostConfig.Privileged" in ran.stderr


def test_a_source_whose_links_cannot_be_followed_is_refused_and_the_reason_says_so(docker: GuardedDocker) -> None:
    ran = docker.docker("run", "--rm", "-v", "/srv/data:/data:ro", "busybox", "id")

    assert ran.returncode != 0
    assert "host-paths-seen  HostConfig.Binds[0]" in ran.stderr
    assert "trusted-roots" in ran.stderr


def test_the_plugin_does_not_let_itself_be_switched_off(docker: GuardedDocker) -> None:
    for words in (("disable", "-f"), ("rm", "-f")):
        answer = docker.docker("plugin", *words, "portero")

        assert answer.returncode != 0
        assert "no-plugin-changes" in answer.stderr


def test_decisions_stand_in_the_daemon_s_log(docker: GuardedDocker) -> None:
    docker.docker("run", "--rm", "--privileged", "busybox", "id")

    assert '\\"operation\\":\\"ContainerCreate\\"' in docker.daemon_log()
