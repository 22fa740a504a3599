"""The Debian package on a throw-away host: installed it guards a real dockerd, and taken away it leaves nothing."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packaging.commands import run
from tests.packaging.package import build_package
from tests.project.test_unit import UNITS, options

from .conftest import started
from .guarded import GuardedDocker

TOOLS = ("dpkg-deb", "lintian", "strip")
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(any(shutil.which(tool) is None for tool in TOOLS), reason="needs lintian: apt-get install it"),
]
(UNIT,) = (options(unit) for unit in UNITS if unit.name == "portero.service" and unit.parent.name == "systemd")
# The folder of the tests and of temporary files are the machine's own.
WHATEVER_IS_LEFT = "find /etc /usr /var -xdev -name '*portero*' -not -path '/var/tmp/*' | sort"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_package(tmp_path_factory)


@pytest.fixture
def docker() -> Iterator[GuardedDocker]:
    """A dockerd that the checkout guards until the package is installed."""
    with started(GuardedDocker()) as docker:
        yield docker


def test_lintian_finds_no_error(package: Path) -> None:
    found = run("lintian", "--allow-root", "--fail-on", "error", package)

    assert found.returncode == 0, found.stdout + found.stderr


def test_the_operators_files_are_marked_as_such(package: Path) -> None:
    marked = run("dpkg-deb", "--info", package, "conffiles")

    # None in the site's folder, which may be signed.
    places = ["/etc/logrotate.d/portero", "/etc/portero/environment"]
    assert marked.stdout.split() == places


def test_the_installed_package_guards_dockerd_and_goes_away_again(package: Path, docker: GuardedDocker) -> None:
    docker.shell("mkdir -p /srv/package")
    shutil.copy(package, docker.host.path("/srv/package"))
    before = docker.shell(WHATEVER_IS_LEFT).stdout

    docker.do("dpkg -i /srv/package/*.deb", timeout=300)

    # As the unit starts it: its settings, then those of the environment file.
    settings = f"{UNIT['Environment']} $(grep -v '^#' /etc/portero/environment)"
    log = "PORTERO_LOG=/var/log/portero/decisions.jsonl"
    docker.replace_plugin(["sh", "-c", f"exec env -u PYTHONPATH {settings} {log} portero serve"])
    refused = docker.docker("run", "--rm", "--privileged", "busybox", "true")
    assert refused.returncode != 0
    assert "no-privileged" in refused.stderr
    assert docker.docker("ps").returncode == 0
    status = docker.shell("env -u PYTHONPATH portero status").stdout
    assert "/usr/lib/portero/lib/" in status
    assert "/etc/portero/site" in status

    # While dockerd asks it, it cannot be removed.
    kept = docker.shell("dpkg -r portero")
    assert kept.returncode != 0
    assert "daemon.json still names portero" in kept.stderr
    assert docker.docker("run", "--rm", "--privileged", "busybox", "true").returncode != 0

    docker.unguard()
    docker.stop_plugin()
    docker.do("dpkg -P portero", timeout=300)
    # Whoever served as root here before may have made the state folder; a purge takes it away.
    assert docker.shell(WHATEVER_IS_LEFT).stdout == before.replace("/var/lib/portero\n", "")
