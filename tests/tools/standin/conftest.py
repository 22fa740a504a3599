"""A judge under the profile baseline, and the folder in which captured commands are typed."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from portero.decide.judging.judge import Judge
from portero.observe.host.fixed_host import FixedHost
from tests.captured import HOST
from tests.decide.judging.requests import write_files
from tests.judges import make_judge
from tests.paths import TESTS

from .captured import CAPTURED_AT
from .direct_client import COMPOSE as COMPOSE_CLIENT
from .direct_client import Client

COMPOSE = TESTS / "tools" / "compose" / "compose-files"
_DATA = {
    "conf/app.conf": "x",
    "app.env": "A=1\n",
    "ctx/Dockerfile": "FROM busybox\n",
    "save.tar": "",
    "work/rootfs/x": "",
    "work/compose/app/Dockerfile": "FROM busybox\n",
    "work/compose/app.env": "A=1\n",
    "work/compose/secrets/db.txt": "x",
    "work/compose/nginx.conf": "",
}


@dataclass(frozen=True, slots=True)
class Typist:
    """Where captured commands are typed, and under which judge."""

    folder: Path
    judge: Judge

    def line(self, command: str) -> str:
        """The command with the paths of this machine."""
        return command.replace(CAPTURED_AT, str(self.folder)).replace("compose-files/", "compose/")

    @property
    def work(self) -> Path:
        """Where it is typed."""
        return self.folder / "work"

    @property
    def environ(self) -> dict[str, str]:
        """An environment without anything of the tester's own docker."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DOCKER_", "COMPOSE_"))}
        return kept | {"DOCKER_CONFIG": str(self.folder / "docker")}


@pytest.fixture(scope="session")
def judge() -> Judge:
    """The built-in rules under the profile baseline; nothing of this host is looked at."""
    return make_judge(profile="baseline")


@pytest.fixture(scope="module")
def typist(judge: Judge) -> Iterator[Typist]:
    """The data that captured commands mount and read, as deep below the root as it was (a case climbs up from it)."""
    folder = Path(tempfile.mkdtemp(dir="/tmp", prefix="captured"))
    shutil.copytree(COMPOSE, folder / "work" / "compose")
    write_files(folder, {name: text.encode() for name, text in _DATA.items()})
    host = json.loads(json.dumps(HOST).replace(CAPTURED_AT, str(folder)))
    yield Typist(folder, replace(judge, host=FixedHost(host)))
    shutil.rmtree(folder)


@pytest.fixture
def docker() -> Client:
    """The docker command at a stand-in of its own."""
    return Client()


@pytest.fixture
def compose() -> Client:
    """docker-compose at a stand-in of its own."""
    return Client(COMPOSE_CLIENT)
