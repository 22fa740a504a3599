"""Devices closed to dockerd by a real systemd: builds and loads work under hardened, and stop when the drop-in goes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT
from tests.waiting import soon

from .installed import installed
from .machine import Machine

pytestmark = pytest.mark.e2e
DAEMON = """{"iptables": false, "ip6tables": false, "authorization-plugins": ["portero"],
"builder": {"entitlements": {"network-host": false, "security-insecure": false, "device": false}}}"""
# The rights of dockerd's control group, asked by another process that joins it: no driver owns the number.
_JOIN = "echo 0 > /sys/fs/cgroup/system.slice/docker.service/cgroup.procs"
OPENS = f"mknod -m 600 /dev/local b 60 0 2>/dev/null; ({_JOIN}; cat /dev/local)"
LOAD = "docker save box:1 | docker load"
_UPGRADE = "-X POST -H 'Connection: Upgrade' -H 'Upgrade: h2c'"
SESSION = f"curl -si -m 5 --unix-socket /run/docker.sock http://d/session {_UPGRADE}"
DROP_INS = "/etc/systemd/system/docker.service.d"
OVERRIDE = f"printf '[Service]\\nDevicePolicy=auto\\nDeviceAllow=' > {DROP_INS}/z.conf"
RESTART = "systemctl reset-failed containerd docker; systemctl restart containerd docker"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with installed(tmp_path_factory, "DEVICES=closed") as (booted, said):
        assert "portero devices close --restart" in said
        booted.do("mkdir -p /etc/docker")
        booted.path("/etc/docker/daemon.json").write_text(DAEMON)
        booted.do(RESTART)
        yield booted


def _import(machine: Machine) -> str:
    done = machine.shell("tar -C /bin -c busybox | docker import - box:1")
    return done.stdout + done.stderr


def test_builds_loads_and_imports_work_where_devices_are_closed(machine: Machine) -> None:
    for opens in (OPENS, OPENS.replace("docker.service", "containerd.service")):
        assert "Operation not permitted" in machine.shell(opens).stderr
    assert machine.do("cat /run/portero-devices/containerd.service")
    assert "sha256:" in _import(machine)
    assert "Loaded image" in machine.do(LOAD)
    assert " 101 " in machine.shell(SESSION).stdout
    assert '"deviceAccess": "closed"' in machine.do("portero status --json")
    assert "opens-no-devices" not in machine.shell("portero host --profile hardened").stdout


@pytest.mark.parametrize(
    ("change", "undo", "at_once"),
    [
        ("portero devices open", "true", True),
        ("systemctl set-property --runtime docker.service DeviceAllow='block-* rwm'", "systemctl revert docker", True),
        # Of this systemd takes notice at the next start.
        (f"{OVERRIDE}; systemctl daemon-reload", f"rm {DROP_INS}/z.conf", False),
    ],
    ids=["removed", "property", "overridden"],
)
def test_a_change_of_the_unit_opens_devices_and_is_named(
    machine: Machine, change: str, undo: str, at_once: bool
) -> None:
    machine.do(change)
    # systemd writes the control group anew a moment after it has answered.
    are_open = soon(lambda: "No such device or address" in machine.shell(OPENS).stderr, 5.0 if at_once else 0.0)
    refused, status = machine.shell(LOAD).stderr, machine.shell("portero status").stdout
    machine.do(f"{undo}; portero devices close; {RESTART}")

    assert are_open is at_once
    assert "unseen-device-nodes" in refused
    assert "portero devices close" in refused
    assert "changed since it started" in " ".join(status.split())
    assert "Loaded image" in machine.do(LOAD)


@pytest.mark.parametrize(
    ("change", "undo", "said"),
    [
        (OVERRIDE, f"rm {DROP_INS}/z.conf", "dockerd may open devices: character devices can be opened"),
        ("chmod -x /opt/portero/current/bin/python*", "chmod +x /opt/portero/current/bin/python*", ""),
        ("mv /opt/portero /opt/away", "mv /opt/away /opt/portero", ""),
        ("systemctl mask --runtime $MOUNT", "systemctl unmask --runtime $MOUNT", "no mount with the option nodev"),
    ],
    ids=["open", "python", "gone", "mount"],
)
def test_docker_starts_where_the_probe_fails_and_devices_do_not_count_as_closed(
    machine: Machine, change: str, undo: str, said: str
) -> None:
    mount = "MOUNT=var-lib-docker-tmp.mount; "
    machine.do(f"{mount}systemctl stop docker.socket docker $MOUNT; {change}; systemctl daemon-reload")
    started = machine.shell("systemctl reset-failed containerd docker; systemctl start docker.socket docker")
    machine.do(f"{mount}{undo}; systemctl daemon-reload")
    refused = machine.shell(LOAD).stderr
    journal = machine.do("journalctl -u docker --no-pager")
    machine.do(RESTART)

    assert started.returncode == 0
    assert "unseen-device-nodes" in refused
    assert said in journal
    assert "Loaded image" in machine.do(LOAD)


def test_a_running_container_survives_the_restart(machine: Machine) -> None:
    _import(machine)
    machine.do("docker run -d --name stays --network none --ulimit nofile=64:64 box:1 /busybox sleep 100000")
    machine.path("/etc/docker/daemon.json").write_text(DAEMON.replace("{", '{"live-restore": true, ', 1))
    started = "docker inspect -f '{{.State.StartedAt}}' stays"
    before = machine.do(started)

    said = machine.do("portero devices close --restart")

    assert "have restarted" in said
    assert (machine.do(started), machine.do("docker inspect -f '{{.State.Running}}' stays")) == (before, "true\n")
    # A key that is gone would count as it did.
    machine.path("/etc/docker/daemon.json").write_text(DAEMON.replace("{", '{"live-restore": false, ', 1))
    refused = machine.shell("portero devices close --restart")
    assert (refused.returncode, "stays would stop" in refused.stderr) == (1, True)
    machine.do("docker rm -f stays")


def test_without_it_they_stay_refused_until_root_closes_devices(machine: Machine) -> None:
    machine.do(f"portero devices open; {RESTART}")
    assert "unseen-device-nodes" in machine.shell(LOAD).stderr
    assert "unseen-device-nodes" in _import(machine)
    assert "unseen-device-nodes" in machine.shell(SESSION).stdout

    machine.do(f"portero devices close; {RESTART}")
    assert "Loaded image" in machine.do(LOAD)


def test_an_uninstallation_leaves_a_dockerd_that_starts(machine: Machine) -> None:
    machine.path("/etc/docker/daemon.json").write_text("{}")
    machine.do(f"systemctl reload docker; cd {ROOT} && packaging/install.sh uninstall")

    for folder in (DROP_INS, DROP_INS.replace("docker", "containerd")):
        assert not Path(machine.path(folder), "portero-devices.conf").is_symlink()
    machine.do(RESTART)
