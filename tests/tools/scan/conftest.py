"""A daemon whose answers were recorded (dockerd 26.1.5, one-node swarm), at a Unix socket of its own."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools.scan.recorded_daemon import Daemon
from tests.unix_server import Handler, responding


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    there = Daemon(tmp_path / "docker.sock")

    def respond(handler: Handler) -> None:
        handler.reply_if_known(there.answers.get(re.sub(r"^/v[0-9.]+", "", handler.path).partition("?")[0]))

    with responding(there.socket, respond):
        yield there
