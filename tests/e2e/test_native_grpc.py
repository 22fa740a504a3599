"""Builds by native gRPC through a door: each connection is asked about, and a denial is printed at once."""

import time
from collections.abc import Iterator

import pytest

from .conftest import started
from .doored import DooredDocker, place
from .engine import FOLDERS, NEW, find_cli_plugins

pytestmark = pytest.mark.e2e

# Builds go on, and one profile denies them.
SITE = {
    "doors": [{"name": "users"}, {"name": "agent"}],
    "profiles": [{"users": ["door:agent"], "profile": "restricted"}],
    "actions": {"unseen-device-nodes": "off"},
}
ENGINES = {"26.1": None, **{name: folder for name, folder in FOLDERS.items() if name in ("20.10", "29.7")}}
BUILD = """mkdir -p /srv/b && cd /srv/b && printf 'FROM busybox\\nRUN echo built > /made\\n' > Dockerfile"""


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
