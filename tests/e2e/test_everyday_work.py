"""Everyday work under the profile hardened: with the limits that it asks for, nothing of it is refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .closed_devices import ClosedDocker, needs_device_groups
from .conftest import started
from .guarded import GuardedDocker

pytestmark = [pytest.mark.e2e, needs_device_groups]

# An ordinary project: a named volume, a file and a folder mounted read-only, networks of its own, a published port.
COMPOSE = Path(__file__).with_name("shop.yaml").read_text()
# Enough of a registry to log in: it asks for a name and a password, and then says that it is one.
REGISTRY = """
from http.server import BaseHTTPRequestHandler, HTTPServer

class Registry(BaseHTTPRequestHandler):
    def do_GET(self):
        known = self.headers["Authorization"] == "Basic YWxpY2lhOnNlY3JldA=="
        self.send_response(200 if known else 401)
        if not known:
            self.send_header("WWW-Authenticate", 'Basic realm="test"')
        self.send_header("Content-Length", "0")
        self.end_headers()

HTTPServer(("127.0.0.1", 5000), Registry).serve_forever()
"""


@pytest.fixture(scope="module")
def docker() -> Iterator[GuardedDocker]:
    with started(ClosedDocker(profile="hardened")) as guarded:
        guarded.shell("mkdir -p /home/user /srv/shop/pages; chown 1000 /home/user; touch /srv/shop/web.conf")
        yield guarded


@pytest.fixture
def registry(docker: GuardedDocker) -> Iterator[str]:
    docker.host.path("/srv/registry.py").write_text(REGISTRY)
    answers = "curl -s http://127.0.0.1:5000/v2/"
    with docker.host.running(
        "registry", ["python3", "/srv/registry.py"], lambda: docker.shell(answers).returncode == 0
    ):
        yield "127.0.0.1:5000"


def _nothing_refused(docker: GuardedDocker, command: str, expected: str = "", cwd: str = "/") -> None:
    with docker.nothing_refused():
        assert expected in docker.do(command, timeout=120, cwd=cwd), command


def test_an_ordinary_compose_project_comes_up_talks_and_goes(docker: GuardedDocker) -> None:
    docker.host.path("/srv/shop/compose.yaml").write_text(COMPOSE)

    for words, expected in (
        ("up --detach", ""),
        ("exec -T web ping -c 1 db", "1 packets received"),
        ("exec -T db cat /data/x", "kept"),
        ("restart db", ""),
        ("down --volumes", ""),
    ):
        _nothing_refused(docker, f"docker-compose {words}", expected, cwd="/srv/shop")


def test_an_image_is_saved_and_loaded(docker: GuardedDocker) -> None:
    _nothing_refused(docker, "docker save busybox | docker load", "Loaded image")


def test_one_logs_in_to_a_registry(docker: GuardedDocker, registry: str) -> None:
    _nothing_refused(docker, f"echo secret | docker login -u alicia --password-stdin {registry}", "Login Succeeded")
