"""The real server, with a stand-in for the judge."""

from collections.abc import Iterator

import pytest

from tests.serve.server.running import Server, started


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all the tests of a module; it lets each request answer for itself (stand_in.py)."""
    path = tmp_path_factory.mktemp("server") / "portero.sock"
    with started(["-m", "stand_in", str(path)], path) as running:
        yield running
