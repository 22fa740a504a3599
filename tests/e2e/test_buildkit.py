"""BuildKit as people use it, on an engine with buildx and compose 2: refused with a reason that is seen, or allowed."""

from collections.abc import Iterator

import pytest

from .closed_devices import ClosedDocker, needs_device_groups
from .conftest import started
from .engine import NEW, chosen_engine
from .guarded import GuardedDocker, serve
from .refusals import REFUSED, refusing

pytestmark = [pytest.mark.e2e, needs_device_groups]

FOLDER = "/srv/app"
PLUGINS = {"authorization-plugins": ["portero"]}
OFF = {"builder": {"entitlements": {"network-host": False, "security-insecure": False, "device": False}}}
FILES = f"""
set -e
mkdir -p {FOLDER}
cd {FOLDER}
printf 'FROM busybox\\nRUN echo built > /made\\n' > Dockerfile
printf 'FROM busybox\\nRUN --network=host true\\n' > Dockerfile.host
echo 'target "default" {{ tags = ["made:bake"] }}' > docker-bake.hcl
printf 'services:\\n  made:\\n    image: made:compose\\n    build: .\\n' > compose.yaml
"""
BUILDS = {
    "made:docker": "docker build -t made:docker .",
    "made:buildx": "docker buildx build -t made:buildx .",
    "made:bake": "docker buildx bake -f docker-bake.hcl",
    "made:compose": "docker compose build",
}


@pytest.fixture(scope="module")
def new_docker() -> Iterator[GuardedDocker]:
    """A dockerd of the newest engine, whose builds may have what they ask for."""
    with started(ClosedDocker(profile="hardened", engine=chosen_engine() or NEW)) as docker:
        assert docker.shell(FILES).returncode == 0
        yield docker


def _build(docker: GuardedDocker, command: str) -> tuple[int, str]:
    done = docker.shell(command, cwd=FOLDER, timeout=100)
    return done.returncode, done.stdout + done.stderr


def _refused_everywhere(docker: GuardedDocker) -> None:
    before = docker.log_size()
    for command in BUILDS.values():
        status, output = _build(docker, command)

        assert status != 0, command
        assert "unseen-buildkit" in refusing(output), f"{command}: {output}"
        assert '"network-host": false' in " ".join(output.split()), f"{command}: {output}"
    decisions = docker.decisions(before)
    assert False in {decision["allowed"] for decision in decisions if decision["operation"] == "Grpc"}
    allowed = {decision["operation"] for decision in decisions if decision["allowed"]}
    assert not allowed & {"ImageCreate", "ContainerCreate"}, "a builder was on its way"


def test_a_build_is_refused_until_dockerd_has_started_with_its_entitlements_off(new_docker: GuardedDocker) -> None:
    docker = new_docker
    _refused_everywhere(docker)

    docker.write_daemon_config(PLUGINS | OFF)
    docker.reload()
    _refused_everywhere(docker)

    docker.restart_dockerd()
    for tag, command in BUILDS.items():
        status, output = _build(docker, command)
        assert status == 0, f"{command}: {output}"
        assert docker.docker("image", "inspect", tag).returncode == 0

    status, output = _build(docker, "docker build -f Dockerfile.host .")
    assert status != 0
    assert "network.host is not allowed" in output


def test_a_classic_build_and_a_build_without_grpc_stay_refused(new_docker: GuardedDocker) -> None:
    for command in (
        "DOCKER_BUILDKIT=0 docker build .",
        "tar c . | curl -sS --unix-socket /run/docker.sock -H 'Content-Type: application/x-tar' --data-binary @- "
        "'http://localhost/build?version=2'",
    ):
        _, output = _build(new_docker, command)

        assert "no-classic-builds" in refusing(output), output


def test_restricted_refuses_all_builds(new_docker: GuardedDocker) -> None:
    with new_docker.guarded_by(serve("restricted")):
        for command in BUILDS.values():
            status, output = _build(new_docker, command)

            assert status != 0, command
            assert "no-buildkit" in refusing(output), output


def test_baseline_only_reports_them(new_docker: GuardedDocker) -> None:
    with new_docker.guarded_by(serve("baseline")):
        before = new_docker.log_size()
        status, output = _build(new_docker, BUILDS["made:docker"])

        assert status == 0, output
        assert REFUSED not in output
        assert "Grpc" in {decision["operation"] for decision in new_docker.decisions(before)}
