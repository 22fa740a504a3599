"""The Debian package on a throw-away host: installed it guards a real dockerd, and taken away it leaves nothing."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packaging.commands import run
from tests.packaging.package import build_package
from tests.paths import ROOT
from tests.project.test_unit import UNITS, options

from .conftest import need_dockerd, started
from .guarded import GuardedDocker
from .host import ThrowAwayHost

TOOLS = ("dpkg-deb", "lintian", "strip")
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(any(shutil.which(tool) is None for tool in TOOLS), reason="needs lintian: apt-get install it"),
]
(UNIT,) = (options(unit) for unit in UNITS if unit.name == "portero.service" and unit.parent.name == "systemd")
# The folder of the tests and of temporary files are the machine's own.
WHATEVER_IS_LEFT = "find /etc /usr /var -xdev -name '*portero*' -not -path '/var/tmp/*' | sort"
RSYSLOG = "/etc/rsyslog.d/portero.conf"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_package(tmp_path_factory)


@pytest.fixture
def docker() -> Iterator[GuardedDocker]:
    """A dockerd that the checkout guards until the package is installed."""
    with started(GuardedDocker()) as docker:
        yield docker


@pytest.fixture
def host(package: Path) -> Iterator[ThrowAwayHost]:
    """A host with the package in /srv, and no dockerd."""
    need_dockerd()
    with ThrowAwayHost() as host:
        shutil.copy(package, host.path("/srv/portero.deb"))
        yield host


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

    docker.do("dpkg -i /srv/package/*.deb", timeout=900)
    assert not docker.host.path(RSYSLOG).exists()

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
    assert "/etc/portero/policy" in status

    # While dockerd asks it, it cannot be removed.
    kept = docker.shell("dpkg -r portero")
    assert kept.returncode != 0
    assert "daemon.json still names portero" in kept.stderr
    assert docker.docker("run", "--rm", "--privileged", "busybox", "true").returncode != 0

    docker.unguard()
    docker.stop_plugin()
    docker.do("dpkg -P portero", timeout=900)
    # Whoever served as root here before may have made the state folder; a purge takes it away.
    assert docker.shell(WHATEVER_IS_LEFT).stdout == before.replace("/var/lib/portero\n", "")


OLD, NEW = "/etc/portero/site", "/etc/portero/policy"


@pytest.mark.parametrize("there", ["one", "both"])
def test_the_policy_folder_of_an_earlier_version_is_moved_unless_both_exist(host: ThrowAwayHost, there: str) -> None:
    def do(command: str) -> str:
        done = host.run(["sh", "-c", f"export DEBIAN_FRONTEND=noninteractive; {command}"], timeout=900)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    # As an earlier package had them: settings that the operator has not changed are replaced.
    older = (
        "rm -rf /srv/old; dpkg-deb -R /srv/portero.deb /srv/old"
        f" && sed -i s,{NEW}$,{OLD}, /srv/old/etc/portero/environment"
        " && rm /srv/old/DEBIAN/preinst && dpkg-deb -b /srv/old /srv/old.deb && dpkg -i /srv/old.deb"
    )
    do(f"{older}; rm -rf {OLD}; mv {NEW} {OLD}; echo '{{\"pids-max\": 100}}' > {OLD}/site.json")
    if there == "both":
        do(f"mkdir {NEW}")

    said = do("dpkg -i /srv/portero.deb")

    settings = host.path("/etc/portero/environment").read_text()
    if there == "both":
        assert f"{OLD} and {NEW} both exist: nothing is moved or merged" in said
        assert f"\nPORTERO_POLICY={OLD}\n" in settings
        assert do(f"ls -A {NEW}; ls -A /etc/portero") == "environment\npolicy\nsite\n"
        do(f"rm {OLD}/site.json; rmdir {OLD} {NEW}")
    else:
        assert f"moved {OLD} to {NEW}, and left a link" in said
        assert f"\nPORTERO_POLICY={NEW}\n" in settings
        assert do(f"readlink {OLD}; cat {OLD}/site.json") == 'policy\n{"pids-max": 100}\n'
        do(f"echo '{{}}' > {NEW}/site.json")
    do("dpkg -P portero")
    assert not host.path("/etc/portero").exists()


def test_rsyslog_sends_the_log_on_when_it_is_asked_for(host: ThrowAwayHost) -> None:
    def do(command: str) -> str:
        done = host.run(["sh", "-c", f"export DEBIAN_FRONTEND=noninteractive; {command}"], timeout=900)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stderr

    asks_for = "echo portero portero/rsyslog string {} | debconf-set-selections && "
    do(asks_for.format("logs.example.org") + "dpkg -i /srv/portero.deb")
    shipped = (ROOT / "packaging/logs/rsyslog.conf").read_text()
    assert host.path(RSYSLOG).read_text() == shipped.replace("logs.example.com", "logs.example.org")
    assert host.path("/etc/rsyslog.d/portero-names.conf").exists()

    # What the operator changed stays, and what the operator removed does not come back with an upgrade.
    host.path(RSYSLOG).write_text("# changed\n")
    do(asks_for.format("logs.example.net") + "dpkg-reconfigure portero")
    assert host.path(RSYSLOG).read_text() == "# changed\n"
    host.path(RSYSLOG).unlink()
    do("dpkg -i /srv/portero.deb")
    assert not host.path(RSYSLOG).exists()
    assert "write the name of a machine" in do(asks_for.format("a/b") + "dpkg-reconfigure portero")
    assert not host.path(RSYSLOG).exists()

    do("dpkg -P portero")
    assert list(host.path("/etc/rsyslog.d").glob("portero*")) == []
