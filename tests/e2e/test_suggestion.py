"""What a denial proposes is typed in, by the grammar of its line, at a real dockerd: then the command works."""

import json
import re
import shlex
from collections.abc import Iterator

import pytest

from tests.e2e import try_lines

from .guarded import GuardedDocker, serve
from .refusals import REFUSED, refusing

pytestmark = pytest.mark.e2e

# No syslog and no journal runs on the throw-away host, so that a driver of its own passes for one that leaves it.
SITE = {"networks": ["app"], "log-drivers-remote": ["local"]}


def tried(docker: GuardedDocker, command: str) -> tuple[str, str]:
    """The denial of a command, and the command as its try: line wants it."""
    denied = docker.shell(command)
    line = try_lines.read(denied.stderr)
    assert line is not None, denied.stderr
    return denied.stderr, try_lines.apply(line, command)


@pytest.fixture
def hardened(own_docker: GuardedDocker) -> GuardedDocker:
    own_docker.have_plugin(serve("hardened"))
    return own_docker


@pytest.fixture(scope="module")
def network(own_docker: GuardedDocker) -> Iterator[str]:
    """The site's network, made as the denial proposes."""
    own_docker.have_plugin(serve("hardened"))
    assert own_docker.docker("network", "create", "app").returncode == 0
    yield "app"
    own_docker.client.ask("DELETE", "/networks/app")


def test_too_much_is_replaced(hardened: GuardedDocker) -> None:
    _, command = tried(
        hardened, "docker run --rm -m 4g --cpu-quota 900000 --tmpfs /run:exec -v /srv/app:/app busybox true"
    )

    hardened.do(command)
    assert "-v /srv/app:/app:ro" in command


def test_under_the_strictest_profile_the_proposed_flags_run(own_docker: GuardedDocker, network: str) -> None:
    own_docker.shell(f"mkdir -p /srv/site; echo {shlex.quote(json.dumps(SITE))} > /srv/site/site.json")
    own_docker.replace_plugin(serve("restricted", "--schemas", "/srv/site"))
    _, command = tried(own_docker, "docker run --rm registry.example.com/team/app:1.4.2 id -u")

    done = own_docker.shell(command)

    assert f"--network {network}" in command
    assert (done.returncode, done.stdout) == (0, "10001\n"), done.stderr


def test_a_service_is_made_with_the_flags_that_are_proposed(hardened: GuardedDocker) -> None:
    denial, command = tried(hardened, "docker service create --detach --name tried busybox sleep 60")

    done = hardened.shell(command)

    assert "memory-limit" in refusing(denial)
    assert done.returncode == 0, done.stderr
    spec = hardened.client.ask("GET", "/services/tried").json()["Spec"]["TaskTemplate"]
    hardened.client.ask("DELETE", "/services/tried")
    assert spec["Resources"]["Limits"] == {"NanoCPUs": 1000000000, "MemoryBytes": 1073741824, "Pids": 200}


def test_an_update_and_a_command_are_done_as_proposed(hardened: GuardedDocker) -> None:
    _, run = tried(hardened, "docker run --detach --name tried busybox sleep 60")
    assert hardened.shell(run).returncode == 0
    _, update = tried(hardened, "docker update --pids-limit -1 tried")
    _, command = tried(hardened, "docker exec --privileged tried id")

    updated, executed = hardened.shell(update), hardened.shell(command)

    hardened.client.ask("DELETE", "/containers/tried?force=1")
    assert (updated.returncode, executed.returncode) == (0, 0), updated.stderr + executed.stderr
    assert (update, command) == ("docker update --pids-limit 200 tried", "docker exec tried id")


def compose(docker: GuardedDocker, service: str, network: str) -> str:
    """Bring a stack up whose service and network have these keys; what was said."""
    file = f'{{"services": {{"web": {service}}}, "networks": {{"default": {network}}}}}'
    docker.shell(f"mkdir -p /srv/tried; printf %s {shlex.quote(file)} > /srv/tried/compose.yaml")
    return docker.shell("docker-compose up --detach 2>&1", cwd="/srv/tried").stdout


def keys(text: str) -> str:
    """The keys of the try: line of a denial, its lines joined."""
    found = re.search(r"try: [\w. -]+ in the compose file with (\{.*?\})(?: \(|\s+more:)", " ".join(text.split()))
    assert found is not None, text
    return found[1]


def test_a_stack_comes_up_with_the_keys_that_are_proposed(hardened: GuardedDocker) -> None:
    said = compose(hardened, "{image: busybox, command: sleep 60, privileged: true}", "{}")

    service = "{image: busybox, command: sleep 60, " + keys(said).removeprefix("{")
    done = compose(hardened, service, "{}")

    running = hardened.shell("docker-compose ps --status running --services", cwd="/srv/tried").stdout
    hardened.shell("docker-compose down --timeout 1", cwd="/srv/tried")
    assert "(without privileged)" in " ".join(said.split())
    assert "portero check compose.yaml shows all at once" in said
    assert (REFUSED in done, running) == (False, "web\n"), done
