"""A host made of files, and a dockerd at a Unix socket."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools.hostcheck.answering_dockerd import Dockerd
from tests.tools.hostcheck.host_tree import Host
from tests.unix_server import responding


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host whose only process is no dockerd."""
    host = Host(tmp_path / "host")
    host.write("/proc/1/comm", "init\n")
    return host


@pytest.fixture
def dockerd(tmp_path: Path) -> Iterator[Dockerd]:
    (tmp_path / "run").mkdir()
    dockerd = Dockerd(tmp_path / "run" / "docker.sock")
    with responding(dockerd.address, dockerd.respond):
        yield dockerd
