"""Builds by native gRPC through a door: each connection is asked about, and a denial is printed at once."""

import time
from collections.abc import Iterator

import pytest

from .conftest import started
from .doored import BUILD, DooredDocker, place
from .engine import FOLDERS, NEW, find_cli_plugins

pytestmark = pytest.mark.e2e

# Builds go on, and one profile denies them.
SITE = {
    "doors": [{"name": "users"}, {"name": "agent"}],
    "profiles": [{"users": ["door:agent"], "profile": "restricted"}],
    "actions": {"unseen-device-nodes": "off"},
}
ENGINES = {"26.1": None, **{name: folder for name, folder in FOLDERS.items() if name in ("20.10", "29.7")}}
REGISTRY = "127.0.0.1:5000"
CONFIG = f"""version: 0.1
storage: {{filesystem: {{rootdirectory: /srv/registry}}}}
http: {{addr: "{REGISTRY}"}}
"""
BAKED = """group "default" { targets = ["app", "web"] }
target "app" {
  context = "/srv/b"
  tags = ["app:baked"]
}
target "web" {
  inherits = ["app"]
  args = { A = "b" }
  tags = ["web:baked"]
}
"""


def buildx(docker: DooredDocker, words: str) -> tuple[str, float]:
    """What the newest buildx prints, and the seconds that it takes."""
    begun = time.monotonic()
    done = docker.shell(f"{find_cli_plugins(NEW)}/docker-buildx {words} 2>&1", timeout=100)
    return done.stdout, time.monotonic() - begun


def who_built(docker: DooredDocker, since: int) -> set[str]:
    return {one["user"] for one in docker.decisions(since) if one["operation"] == "Grpc"}


@pytest.fixture(params=ENGINES)
def docker(request: pytest.FixtureRequest) -> Iterator[DooredDocker]:
    with started(DooredDocker(SITE, engine=ENGINES[request.param])) as doored:
        doored.do(BUILD)
        for name, door in (("native", "users"), ("denied", "agent")):
            buildx(doored, f"create --name {name} --driver remote unix://{place(door)}")
        yield doored


def test_a_native_build_is_asked_about_and_a_denial_is_printed_at_once(docker: DooredDocker) -> None:
    before = docker.log_size()
    printed, _ = buildx(docker, "build --builder native --output type=local,dest=/srv/out /srv/b")
    assert docker.shell("cat /srv/out/made").stdout == "built\n", printed
    assert who_built(docker, before) == {"unix:root"}

    printed, seconds = buildx(docker, "build --builder denied /srv/b")
    assert "authorization denied by plugin" in printed
    assert "unseen-buildkit" in printed
    assert seconds < 5
    assert who_built(docker, before) == {"unix:root", "door:agent"}

    docker.stop_dockerd()
    printed, seconds = buildx(docker, "build --builder native /srv/b")
    assert "see systemctl status docker" in printed
    assert seconds < 5


def ask(docker: DooredDocker, way: str, door: str, words: str) -> str:
    """The same by native gRPC, or by the requests of docker's own driver."""
    if way == "native":
        return buildx(docker, words.format(builder="native" if door == "users" else "denied"))[0]
    command = f"{find_cli_plugins(NEW)}/docker-buildx {words.format(builder='default')} 2>&1"
    return docker.shell(f"DOCKER_HOST=unix://{place(door)} {command}", timeout=100).stdout


@pytest.mark.parametrize("way", ["native", "old"])
def test_bake_and_push_have_one_verdict_whichever_way_they_come(docker: DooredDocker, way: str) -> None:
    docker.host.path("/srv/b/bake.hcl").write_text(BAKED)
    docker.host.path("/srv/registry.yml").write_text(CONFIG)
    command, answers = ["docker-registry", "serve", "/srv/registry.yml"], f"curl -s http://{REGISTRY}/v2/"
    # Before it had containerd's store, BuildKit in dockerd could not push by itself.
    pushes = way == "old" or docker.engine == FOLDERS["29.7"]
    wanted = {
        "bake --builder {builder} -f /srv/b/bake.hcl": "echo built > /made",
        "build --builder {builder} --output type=tar,dest=/srv/out.tar /srv/b": "sending tarball",
        f"build --builder {{builder}} --push -t {REGISTRY}/app:1 /srv/b": "pushing" if pushes else 'exporter "image"',
    }
    with docker.host.running("registry", command, lambda: docker.shell(answers).returncode == 0):
        for words, expected in wanted.items():
            before = docker.log_size()
            assert expected in ask(docker, way, "users", words)
            decided = docker.decisions(before)
            assert {(one["user"], one["allowed"]) for one in decided} == {("unix:root", True)}
            assert "Grpc" in {one["operation"] for one in decided}
            before = docker.log_size()
            assert "unseen-buildkit" in ask(docker, way, "agent", words)
            assert not any(one["allowed"] for one in docker.decisions(before) if one["operation"] == "Grpc")
        assert (f"{docker.shell(answers + '_catalog').stdout}".strip() == '{"repositories":["app"]}') == pushes
