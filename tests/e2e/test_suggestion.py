"""What a denial proposes is typed in, word for word, at a real dockerd: then the command works."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from .guarded import GuardedDocker, serve
from .refusals import REFUSED, refusing

pytestmark = pytest.mark.e2e

# No syslog and no journal runs on the throw-away host, so that a driver of its own passes for one that leaves it.
SITE = {"registries": ["registry.example.com/team"], "networks": ["app"], "log-drivers-remote": ["local"]}
FILLED = {"NAME": "app", "TAG": "1.4.2"}
ICC = '{driver_opts: {com.docker.network.bridge.enable_icc: "false"}}'


@dataclass(frozen=True, slots=True)
class Tried:
    """The parts of a `try:` line: flags, the image when it is named, flags to leave out."""

    flags: str
    image: str
    without: tuple[str, ...]


def suggestion(text: str) -> str:
    """The last line of a denial, without the full stop that the docker command adds."""
    found = re.search(r"^  try: (.*)$", text, re.MULTILINE)
    assert found is not None, text
    return found[1] if found[1].endswith(" ...") else found[1].removesuffix(".")


def docker_words(text: str, command: str) -> Tried:
    """The suggestion for `docker run` and its like, what is to be filled in filled in."""
    said, _, _ = suggestion(text).partition("; ")
    line = re.fullmatch(rf"{command}(?P<flags>.*?) \.\.\.(?P<image> [^ ,]+)?(?:, without (?P<without>.+))?", said)
    assert line is not None, text
    image = (line["image"] or "").strip()
    for word, filled in FILLED.items():
        image = image.replace(word, filled)
    return Tried(line["flags"].strip(), image, tuple(re.findall(r"--[a-z-]+", line["without"] or "")))


@pytest.fixture
def hardened(own_docker: GuardedDocker) -> GuardedDocker:
    own_docker.replace_plugin(serve("hardened"))
    return own_docker


@pytest.fixture(scope="module")
def network(own_docker: GuardedDocker) -> Iterator[str]:
    """The site's network, made as the denial proposes."""
    own_docker.replace_plugin(serve("hardened"))
    denied = own_docker.docker("network", "create", "app")
    tried = docker_words(denied.stderr, "docker network create")
    made = own_docker.shell(f"docker network create {tried.flags} app")
    assert made.returncode == 0, made.stderr
    yield "app"
    own_docker.client.ask("DELETE", "/networks/app")


def test_a_plain_container_runs_with_the_flags_that_are_proposed(hardened: GuardedDocker) -> None:
    denied = hardened.docker("run", "--rm", "busybox", "echo", "it", "runs")
    tried = docker_words(denied.stderr, "docker run")

    done = hardened.shell(f"docker run {tried.flags} --rm busybox echo it runs")

    assert {"cpu-limit", "memory-limit", "open-files-limit", "pids-limit"} <= set(refusing(denied.stderr))
    assert (done.returncode, done.stdout) == (0, "it runs\n"), done.stderr


def test_a_dangerous_container_runs_without_what_is_to_be_left_out(hardened: GuardedDocker) -> None:
    words = ["--privileged", "--pid=host", "--volume=/etc:/host", "--cap-add=SYS_ADMIN", "--rm"]
    denied = hardened.docker("run", *words, "busybox", "true")
    tried = docker_words(denied.stderr, "docker run")

    kept = [word for word in words if word.partition("=")[0] not in tried.without]
    done = hardened.shell(f"docker run {tried.flags} {' '.join(kept)} busybox true")

    assert set(tried.without) == {"--privileged", "--pid", "--volume", "--cap-add"}
    assert done.returncode == 0, done.stderr


def test_under_the_strictest_profile_the_proposed_flags_and_image_run(own_docker: GuardedDocker, network: str) -> None:
    own_docker.shell(f"mkdir -p /srv/site; echo {shlex.quote(json.dumps(SITE))} > /srv/site/site.json")
    own_docker.replace_plugin(serve("restricted", "--schemas", "/srv/site"))
    denied = own_docker.docker("run", "--rm", "busybox", "id", "-u")
    tried = docker_words(denied.stderr, "docker run")

    done = own_docker.shell(f"docker run {tried.flags} --rm {tried.image} id -u")

    assert f"--network {network}" in tried.flags
    assert tried.image == "registry.example.com/team/app:1.4.2"
    assert (done.returncode, done.stdout) == (0, "10001\n"), done.stderr


def test_a_service_is_made_with_the_flags_that_are_proposed(hardened: GuardedDocker) -> None:
    denied = hardened.docker("service", "create", "--detach", "--name", "tried", "busybox", "sleep", "60")
    tried = docker_words(denied.stderr, "docker service create")

    done = hardened.shell(f"docker service create {tried.flags} --detach --name tried busybox sleep 60")

    assert "memory-limit" in refusing(denied.stderr)
    assert done.returncode == 0, done.stderr
    spec = hardened.client.ask("GET", "/services/tried").json()["Spec"]["TaskTemplate"]
    hardened.client.ask("DELETE", "/services/tried")
    assert spec["Resources"]["Limits"] == {"NanoCPUs": 1000000000, "MemoryBytes": 1073741824, "Pids": 200}


def test_an_update_and_a_command_are_done_as_proposed(hardened: GuardedDocker) -> None:
    run = docker_words(hardened.docker("run", "busybox", "true").stderr, "docker run")
    assert hardened.shell(f"docker run {run.flags} --detach --name tried busybox sleep 60").returncode == 0
    update = docker_words(hardened.docker("update", "--pids-limit", "-1", "tried").stderr, "docker update")
    command = docker_words(hardened.docker("exec", "--privileged", "tried", "id").stderr, "docker exec")

    updated = hardened.shell(f"docker update --pids-limit -1 {update.flags} tried")
    executed = hardened.docker("exec", "tried", "id")

    hardened.client.ask("DELETE", "/containers/tried?force=1")
    assert (updated.returncode, executed.returncode) == (0, 0), updated.stderr + executed.stderr
    assert (update.flags, command.without) == ("--pids-limit 200", ("--privileged",))


def compose(docker: GuardedDocker, service: str, network: str) -> str:
    """Bring a stack up whose service and network have these keys; what was said."""
    file = f'{{"services": {{"web": {service}}}, "networks": {{"default": {network}}}}}'
    docker.shell(f"mkdir -p /srv/tried; printf %s {shlex.quote(file)} > /srv/tried/compose.yaml")
    return docker.shell("docker-compose up --detach 2>&1", cwd="/srv/tried").stdout


def keys(text: str) -> str:
    found = re.search(r"in the compose file with (\{.*\})", suggestion(text))
    assert found is not None, text
    return found[1]


def test_a_stack_comes_up_with_the_keys_that_are_proposed(hardened: GuardedDocker) -> None:
    plain = "{image: busybox, command: sleep 60, privileged: true}"
    network = keys(compose(hardened, plain, "{}"))
    said = compose(hardened, plain, network)

    service = "{image: busybox, command: sleep 60, " + keys(said).removeprefix("{")
    done = compose(hardened, service, network)

    running = hardened.shell("docker-compose ps --status running --services", cwd="/srv/tried").stdout
    hardened.shell("docker-compose down --timeout 1", cwd="/srv/tried")
    assert (network, suggestion(said).endswith("without privileged")) == (ICC, True)
    assert (REFUSED in done, running) == (False, "web\n"), done
