"""The walk of docs/images.md typed as it stands: a team's first signed image, from the key to the container."""

import sys
import time
from collections.abc import Iterator

import pytest

from .conftest import give_up, started
from .guarded import GuardedDocker, serve
from .host import REPOSITORY
from .signing import CA, FOLDER, MISSING, SigningRegistry
from .walk import read_steps

pytestmark = pytest.mark.e2e

PAGE = REPOSITORY / "docs" / "images.md"
HOST = "registry.example.com"
# Of docker run that is refused.
EXIT_STATUSES = (0, 125)


@pytest.fixture
def docker() -> Iterator[GuardedDocker]:
    if MISSING:
        give_up(f"needs {', '.join(MISSING)}: apt-get install cosign docker-registry")
    with started(GuardedDocker()) as docker:
        docker.do(
            f"printf '\\n127.0.0.1 {HOST}\\n' >> /etc/hosts; mkdir -p /etc/portero/policy /etc/docker/certs.d/{HOST}"
        )
        SigningRegistry(docker, HOST, 443)
        docker.do(
            f"cp {CA} /etc/docker/certs.d/{HOST}/ca.crt; rm -rf /etc/portero/policy; mkdir -p /etc/portero/policy"
        )
        settings = {"SCHEMAS": "/etc/portero/policy", "BUNDLE_LOGIN": f"{FOLDER}/login.json", "BUNDLE_CA": CA}
        exports = "".join(f"export PORTERO_{name}={value}\n" for name, value in settings.items())
        docker.host.path("/usr/local/bin/portero").write_text(
            f'#!/bin/sh\n{exports}exec {sys.executable} -m portero "$@"\n'
        )
        docker.do("chmod +x /usr/local/bin/portero; echo '{}' > /etc/portero/policy/site.json")
        # dockerd, as each program in Go, looks at that file again after five seconds.
        time.sleep(5)
        docker.replace_plugin(serve("baseline", "--schemas", "/etc/portero/policy", "--host-root", "/"))
        yield docker


def test_every_command_of_the_walk_prints_what_the_page_shows(docker: GuardedDocker) -> None:
    steps = [*read_steps(PAGE)]
    assert len(steps) > 3
    environment = f"export COSIGN_PASSWORD= SSL_CERT_FILE={CA} DOCKER_CONFIG=/home/operator/.docker"
    for step in steps:
        done = docker.shell(f"{environment}; set -e; {{ {step.command}\n}} 2>&1", cwd="/srv/data")
        assert step.prints(done.stdout), f"{step.command}\n{done.stdout}"
        assert done.returncode in EXIT_STATUSES, f"{step.command}\n{done.stdout}"
