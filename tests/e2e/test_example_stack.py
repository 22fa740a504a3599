"""The production-like stack of examples/stack lives under the strict profiles, with the values of its site."""

import pytest

from .guarded import GuardedDocker, serve
from .host import REPOSITORY

pytestmark = pytest.mark.e2e

STACK = REPOSITORY / "examples" / "stack"
# The images of the throw-away host hold busybox, so that what they run is named here.
COMMANDS = "services: {web: {command: sleep 300}, api: {command: sleep 300}, db: {command: sleep 300}}"
COMPOSE = f"docker-compose -f {STACK}/compose.yaml -f /srv/commands.yaml"


@pytest.fixture(scope="module")
def docker(own_docker: GuardedDocker) -> GuardedDocker:
    own_docker.shell(
        f"mkdir -p /srv/shop; cd /srv/shop; touch postgres.conf database.txt; echo '{COMMANDS}' > ../commands.yaml"
    )
    return own_docker


@pytest.mark.parametrize("profile", ["hardened", "restricted"])
def test_the_stack_comes_up_works_and_goes_with_nothing_refused(docker: GuardedDocker, profile: str) -> None:
    docker.replace_plugin(serve(profile, "--schemas", str(STACK / "schemas"), "--host-root", "/"))
    before = docker.log_size()

    for words in ("up --detach", "exec -T api cat /run/secrets/database", "ps", "restart api", "down --volumes"):
        docker.do(f"{COMPOSE} {words}", timeout=120)

    decisions = docker.decisions(before)
    assert {"NetworkCreate", "VolumeCreate", "ContainerCreate", "ContainerExec"} <= {
        one["operation"] for one in decisions
    }
    assert [one for one in decisions if not one["allowed"]] == []


def test_without_the_site_s_values_the_same_stack_is_refused_where_it_leans_on_them(docker: GuardedDocker) -> None:
    docker.replace_plugin(serve("restricted"))

    created = docker.shell(f"{COMPOSE} create", timeout=120)
    docker.shell(f"{COMPOSE} down --volumes")

    assert created.returncode != 0
    assert "network-icc  Options" in created.stderr + created.stdout
