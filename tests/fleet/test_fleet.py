"""The closing proof of docs/fleet.md: a package, hosts under a real systemd, and the programs of Debian around them.

CI has one host; `make fleet` has three and plays longer. The tests are steps of one walk, in this order.
"""

import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.conftest import give_up
from tests.packaging.package import build_package

from .fleet import LOG, Fleet, wait_until
from .machine import Machine, missing
from .traffic import EXPECTED, Traffic

PACKAGE = os.environ.get("PORTERO_FLEET_PACKAGE")
HOSTS = int(os.environ.get("PORTERO_FLEET_HOSTS", "1"))
# So long services are away while clients go on.
AWAY = float(os.environ.get("PORTERO_FLEET_AWAY", "1"))
ANNOTATED = "docker create --annotation team=web busybox true"
pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    if reason := missing():
        give_up(reason)
    with Fleet(Path(PACKAGE) if PACKAGE else build_package(tmp_path_factory), HOSTS) as fleet:
        yield fleet


def measured(what: str, *seconds: float) -> None:
    print(f"fleet: {what}: {', '.join(f'{one:.1f}' for one in seconds)}")


def play(fleet: Fleet, stack: ExitStack, name: str) -> list[Traffic]:
    return [stack.enter_context(Traffic(host, name)) for host in fleet.hosts]


def check(fleet: Fleet, traffic: list[Traffic], name: str) -> None:
    """Each answer was right, and what was executed was allowed in the log."""
    assert [client.wrong for client in traffic] == [{} for _ in traffic]
    assert [client.answers.keys() >= EXPECTED for client in traffic] == [True for _ in traffic]
    for host, client in zip(fleet.hosts, traffic, strict=True):
        made = host.do(f"docker volume ls --quiet --filter name=^{name}-").split()
        assert len(made) == client.answers["volume", 201]
    total = sum((client.answers for client in traffic[1:]), traffic[0].answers.copy())
    print(f"fleet: {name}: {dict(total)}")


def allowed_volumes(host: Machine) -> int:
    lines = Fleet.decisions(host)
    return sum(line["operation"] == "VolumeCreate" and line["allowed"] for line in lines)


def test_the_units_are_in_force(fleet: Fleet) -> None:
    for host in fleet.hosts:
        assert (
            host.do("systemctl is-active portero.socket portero portero-bundle.timer docker").split() == ["active"] * 4
        )
        assert host.do("systemctl --failed --quiet") == ""
        status = host.do("cat /proc/$(systemctl show --value --property MainPID portero)/status")
        assert re.search(r"^NoNewPrivs:\t1$", status, re.MULTILINE)
        assert re.search(r"^Seccomp:\t2$", status, re.MULTILINE)
        # CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE.
        assert re.search(r"^CapBnd:\t0000000000080004$", status, re.MULTILINE)
        inside = "nsenter --target $(systemctl show --value --property MainPID portero) --mount"
        assert "Read-only file system" in host.shell(f"{inside} touch /etc/x").stderr
        assert host.do(f"{inside} touch /var/log/portero/x && rm /var/log/portero/x") == ""


def test_systemd_finds_the_units_well_protected(fleet: Fleet) -> None:
    found = fleet.hosts[0].do("systemd-analyze security --no-pager portero.service portero-bundle.service || true")
    exposures = re.findall(r"Overall exposure level for (\S+): ([0-9.]+)", found)

    print("fleet: exposure:", exposures)
    assert {unit for unit, _ in exposures} == {"portero.service", "portero-bundle.service"}
    assert max(float(level) for _, level in exposures) < 5


def test_a_pushed_tag_is_in_force_on_every_host_within_the_interval(fleet: Fleet) -> None:
    for host in fleet.hosts:
        assert "annotations" in host.shell(ANNOTATED).stderr

    fleet.push({"annotations": ["team"]})
    began = time.monotonic()
    seconds = []
    for host in fleet.hosts:
        wait_until(lambda host=host: host.shell(ANNOTATED).returncode == 0, f"{host.name} has the old policy")
        seconds.append(time.monotonic() - began)

    measured("seconds from a pushed tag to an allowed request", *seconds)
    assert [fleet.version(host) for host in fleet.hosts] == [2] * len(fleet.hosts)


def wait_for_lines(fleet: Fleet) -> None:
    """Wait until rsyslog has each line of each host's log."""

    def all_there() -> bool:
        found = fleet.collected()
        logged = {host.name: {line["id"] for line in fleet.decisions(host)} for host in fleet.hosts}
        return all(ids <= found.get(name, set()) for name, ids in logged.items())

    measured("seconds until one rsyslog has every line", wait_until(all_there, "rsyslog lacks lines"))


def test_one_rsyslog_has_the_lines_of_every_host(fleet: Fleet) -> None:
    wait_for_lines(fleet)

    # Told apart: no host has another's lines.
    found = fleet.collected()
    assert sorted(found) == sorted(host.name for host in fleet.hosts)
    assert len(set.union(*found.values())) == sum(len(ids) for ids in found.values())


def test_one_prometheus_scrapes_every_host_and_nobody_else_can(fleet: Fleet) -> None:
    ask = "curl --silent --get http://127.0.0.1:9090/api/v1/query --data-urlencode"

    def scraped() -> bool:
        up = fleet.services.do(f"{ask} 'query=count(portero_bundle_version == 2)'")
        return f'"{len(fleet.hosts)}"' in up

    wait_until(scraped, "Prometheus does not have every host")
    stranger = fleet.services.shell("curl --silent --cacert /srv/ca.pem https://web1:9324/metrics")
    assert "No required SSL certificate was sent" in stranger.stdout


def test_what_is_around_portero_can_be_killed_and_no_decision_changes(fleet: Fleet) -> None:
    alerts = {"PorteroBundleStale", "PorteroManyRefusals"}
    expected = {(alert, host.name) for alert in alerts for host in fleet.hosts}
    others = "docker-registry rsyslog syslog.socket"
    with ExitStack() as stack:
        traffic = play(fleet, stack, "away")
        # Not stopped, killed; and not started again by systemd.
        fleet.services.do(f"systemctl mask --runtime prometheus {others}")
        fleet.services.do("systemctl kill --signal KILL docker-registry rsyslog")
        wait_until(lambda: fleet.alerts() >= expected, "the alerts do not fire")
        fleet.services.do("systemctl kill --signal KILL prometheus")
        time.sleep(AWAY)
        fleet.services.do("systemctl unmask --runtime prometheus && systemctl start prometheus")
        wait_until(lambda: fleet.alerts() >= expected, "the alerts do not fire again")
        fleet.services.do(f"systemctl unmask --runtime {others} && systemctl start docker-registry rsyslog")
        stale = {alert for alert in expected if alert[0] == "PorteroBundleStale"}
        wait_until(lambda: not fleet.alerts() & stale, "the alerts do not end")
    check(fleet, traffic, "away")
    wait_for_lines(fleet)


def newer(package: Path, folder: Path) -> Path:
    """The same package as version 9.9, as if it came with another setting in its environment file."""
    root = folder / "root"
    subprocess.run(["dpkg-deb", "-R", package, root], check=True, timeout=120)
    for file in [root / "DEBIAN/control", *root.glob("usr/lib/portero/lib/python3*/site-packages/portero/__init__.py")]:
        file.write_text(re.sub(r'(?m)^(Version: |__version__ = ")[0-9.]+', r"\g<1>9.9", file.read_text()))
    environment = root / "etc/portero/environment"
    environment.write_text(environment.read_text() + "# new in 9.9\n")
    subprocess.run(["dpkg-deb", "-Zgzip", "-z1", "--build", root, folder / "newer.deb"], check=True, timeout=300)
    return folder / "newer.deb"


def test_restart_reload_and_upgrade_execute_nothing_unjudged(fleet: Fleet, tmp_path: Path) -> None:
    upgrade = newer(fleet.package, tmp_path)
    settings = {host.name: host.path("/etc/portero/environment").read_text() for host in fleet.hosts}
    before = {host.name: allowed_volumes(host) for host in fleet.hosts}
    with ExitStack() as stack:
        traffic = play(fleet, stack, "upgrade")
        fleet.each(fleet.hosts, lambda host: host.do("systemctl restart portero"))
        fleet.each(fleet.hosts, lambda host: host.do("systemctl reload portero"))
        began = time.monotonic()
        # As unattended upgrades do: a file of the operator's stays.
        fleet.each(fleet.hosts, lambda host: fleet.install(host, upgrade))
        measured("seconds of an upgrade", time.monotonic() - began)
    check(fleet, traffic, "upgrade")

    for host, client in zip(fleet.hosts, traffic, strict=True):
        assert allowed_volumes(host) - before[host.name] == client.answers["volume", 201]
        assert '"version": "9.9"' in host.shell("portero status --json").stdout
        assert host.path("/etc/portero/environment").read_text() == settings[host.name]
        assert host.path("/etc/portero/environment.dpkg-dist").read_text().endswith("# new in 9.9\n")
        assert host.do("systemctl is-active portero portero-bundle.timer").split() == ["active"] * 2
        assert fleet.version(host) == 2


def test_an_upgrade_into_a_fault_is_not_begun(fleet: Fleet) -> None:
    host, main = fleet.hosts[0], "systemctl show --value --property MainPID portero"
    before = host.do(main)
    host.do("echo PORTERO_MODE=audti >> /etc/portero/environment")
    said = host.do("dpkg --force-confold -i /var/cache/portero.deb 2>&1", timeout=500)
    host.do("sed -i /audti/d /etc/portero/environment")

    assert "portero: not restarted, the version before still runs" in said
    assert host.do(main) == before
    assert "no-privileged" in host.shell("docker create --privileged busybox true").stderr


def test_after_a_power_cut_the_first_request_is_asked_about(fleet: Fleet) -> None:
    # Without the registry: the last good policy is enough.
    fleet.services.do("systemctl stop docker-registry")
    fleet.hosts[0].power_off()
    host = fleet.hosts[0] = fleet.network.boot(fleet.hosts[0].name)
    up = "until docker version; do sleep 0.1; done >/dev/null 2>&1"
    first = host.shell(f"{up}; docker create --privileged busybox true")
    host.wait_until_booted()

    assert "no-privileged" in first.stderr
    assert host.shell(ANNOTATED).returncode == 0
    order = host.do("systemctl show --property ActiveEnterTimestampMonotonic --value portero.socket docker").split()
    assert int(order[0]) < int(order[1])
    fleet.services.do("systemctl start docker-registry")


def test_dockerd_that_starts_without_portero_brings_it_up(fleet: Fleet) -> None:
    host = fleet.hosts[0]
    host.do("systemctl stop portero.socket portero && systemctl restart docker")

    assert "no-privileged" in host.shell("docker create --privileged busybox true").stderr


def test_a_package_in_use_stays_and_a_purged_one_leaves_nothing(fleet: Fleet) -> None:
    host = fleet.hosts[0]
    kept = host.shell("dpkg -r portero")
    assert kept.returncode != 0
    assert "daemon.json still names portero" in kept.stderr
    assert "no-privileged" in host.shell("docker create --privileged busybox true").stderr

    fleet.unguard(host)
    host.do("dpkg -r portero", timeout=300)
    # A removal keeps what is the operator's, a purge does not.
    assert host.path(LOG).exists()
    host.do("dpkg -P portero", timeout=300)
    assert host.do("systemctl list-unit-files --no-legend 'portero*' || true") == ""
    assert host.do("ls /run/docker/plugins || true") == ""
    # What the operator put there stays: settings, certificates, the addition to the unit, the package itself.
    timer = "/etc/systemd/system/portero-bundle.timer.d"
    own = {"/etc/nginx/conf.d/portero.conf", "/etc/rsyslog.d/portero.conf", timer, "/etc/portero"}
    # rsyslog's queue has their name.
    others = {path for path in fleet.named_portero(host) if not path.startswith("/var/spool/rsyslog/")}
    assert others - fleet.before == {*own, "/var/cache/portero.deb"}
    assert sorted(os.listdir(host.path("/etc/portero"))) == ["alice.pub", "ca.pem", "logs", "metrics"]
    assert host.do("docker ps --quiet") == ""
