"""One guarded dockerd for most tests. Where none can be had, tests say so loudly; under CI that is a failure."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .device_nodes import Disk
from .engine import FOLDERS, NEW, chosen_engine, missing_engine
from .guarded import GuardedDocker
from .host import missing

# Of Docker 29 alone: where it is not there, `make test` names it as not tried.
collect_ignore = ["test_gpu_requests.py", "test_unasked_grpc.py"] if missing_engine(FOLDERS["29.7"]) else []
# Of a module with tests on the newest engine too; they have own_docker. tests/nightly.py says when it is left out.
OWN_ALONE = chosen_engine() or os.environ.get("NEWEST_ENGINE") == "no"
BOTH_ENGINES = pytest.mark.parametrize(
    "engine",
    [None] if OWN_ALONE else [None, NEW],
    ids=lambda engine: "newest" if engine else "own",
    indirect=True,
    scope="module",
)
# Beside tests on both.
OWN_ENGINE = pytest.mark.parametrize("engine", [None], ids=["own"], indirect=True, scope="module")


@contextmanager
def started(docker: GuardedDocker) -> Iterator[GuardedDocker]:
    """A guarded dockerd for the length of a block."""
    need_dockerd(docker.engine)
    try:
        docker.__enter__()
    except (OSError, RuntimeError) as error:
        give_up(f"no guarded dockerd came up: {error}")
    try:
        yield docker
    finally:
        docker.close()


def need_dockerd(engine: Path | None = None) -> None:
    """Give up where no dockerd can be started."""
    if reason := missing(engine):
        give_up(reason)


def give_up(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def docker() -> Iterator[GuardedDocker]:
    """A dockerd with a one-node swarm, guarded under the profile baseline."""
    with started(GuardedDocker(swarm=True)) as guarded:
        yield guarded


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> Path | None:
    """The folder of another engine than the machine's own, and than PORTERO_E2E_ENGINE."""
    found: Path | None = getattr(request, "param", None)
    return found


@pytest.fixture(scope="module")
def own_docker(request: pytest.FixtureRequest, engine: Path | None) -> Iterator[GuardedDocker]:
    """One for a module alone, which may do with the plugin what it likes.

    A module that wants defaults of the daemon names them in DAEMON_CONFIG.
    """
    configuration = getattr(request.module, "DAEMON_CONFIG", {})
    with started(GuardedDocker(swarm=True, daemon_config=configuration, engine=engine)) as guarded:
        yield guarded


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    need_dockerd()  # a loop device needs as much
    with Disk(tmp_path) as disk:
        yield disk


@pytest.fixture(autouse=True)
def logs(request: pytest.FixtureRequest) -> Iterator[None]:
    """Print the ends of both logs after a failed test."""
    failed = request.session.testsfailed
    yield
    if request.session.testsfailed == failed:
        return
    for name in ("docker", "own_docker"):
        if (guarded := request.node.funcargs.get(name)) is not None:
            print(guarded.logs())
