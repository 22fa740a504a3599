"""A daemon whose answers were recorded (dockerd 26.1.5, one-node swarm), at a Unix socket of its own."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import unix_server
from tests.tools.scan.recorded_daemon import Daemon


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    there = Daemon(tmp_path / "docker.sock")

    class Handler(unix_server.Handler):
        def respond(self) -> None:
            said = there.answers.get(re.sub(r"^/v[0-9.]+", "", self.path).partition("?")[0])
            self.reply(json.dumps({"message": "gone"} if said is None else said).encode(), 404 if said is None else 200)

    with unix_server.serving(there.socket, Handler):
        yield there
