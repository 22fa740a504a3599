"""docs/when-docker-hangs.md, typed under a real systemd: what docker says in each case, and root's way out of it.

On this machine's engine, or on that in PORTERO_E2E_ENGINE.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.e2e.engine import chosen_engine
from tests.paths import ROOT

from .fleet import wait_until
from .machine import Machine, Network
from .units import SITE, UNITS, guard, put_units, write_daemon_config

pytestmark = pytest.mark.e2e
PAGE = (ROOT / "docs/when-docker-hangs.md").read_text()
# Its second step edits daemon.json; the command of the third is typed as it stands there.
WAY_OUT = PAGE.partition("\n## Get Docker back\n")[2].partition("\n## ")[0]
RELOAD = re.findall(r"```sh\n(.+?)```", WAY_OUT, re.DOTALL)[-1].strip()
# It works in seconds; ten times as long on a busy machine is no fault of the page.
SECONDS = 60.0
LOG = f"{UNITS}/portero.service.d/log.conf"
KILL = "while [ ! -e /run/enough ]; do systemctl kill --signal KILL portero.service; sleep 0.2; done"
PRIVILEGED = "docker create --privileged busybox true"
HANGS = 124  # of timeout(1)


@dataclass(frozen=True)
class Trouble:
    """What goes wrong, what `docker ps` says then (empty: it hangs; None: all is well), and the cure of the page."""

    cause: str
    said: str | None
    cure: str


TROUBLES = {
    "policy": Trouble(
        f"rm -f /var/lib/portero/last-policy.json; echo '{{' > {SITE}; systemctl restart portero",
        "policy-unusable",
        f"echo '{{}}' > {SITE}",
    ),
    "last policy": Trouble(f"echo '{{' > {SITE}; systemctl restart portero", None, f"echo '{{}}' > {SITE}"),
    "settings": Trouble(
        "echo PORTERO_MODE=audti >> /etc/portero/environment; systemctl restart portero",
        "settings-unusable",
        "sed -i /audti/d /etc/portero/environment; systemctl restart portero",
    ),
    "stopped": Trouble(
        "systemctl stop portero.socket portero.service",
        "dial unix /run/docker/plugins/portero.sock",
        "systemctl start portero.socket portero.service",
    ),
    "log": Trouble(
        f"mkdir -p $(dirname {LOG}); printf '[Service]\\nEnvironment=PORTERO_LOG=/proc/none/log\\n' > {LOG};"
        " systemctl daemon-reload; systemctl restart portero",
        None,
        f"rm {LOG}; systemctl daemon-reload; systemctl restart portero",
    ),
    "killed": Trouble(f"(setsid sh -c '{KILL}' &) >/dev/null 2>&1; sleep 1", "", "touch /run/enough; sleep 1"),
    "socket": Trouble(
        # Its connections go on as long as both processes do.
        "rm /run/docker/plugins/portero.sock; systemctl kill --signal KILL portero.service; sleep 3",
        "dial unix /run/docker/plugins/portero.sock",
        "systemctl restart portero.socket portero.service",
    ),
    "disk": Trouble(
        "mount -t tmpfs -o size=64k none /var/log/portero; dd if=/dev/zero of=/var/log/portero/fill bs=1k 2>/dev/null;"
        " systemctl restart portero",
        None,
        "rm /var/log/portero/fill",
    ),
}
AT_BOOT = ("policy", "settings", "log")


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    with Network({"web1": "10.77.0.2", "web2": "10.77.0.3"}) as network:
        yield network


@pytest.fixture(scope="module")
def machine(network: Network) -> Machine:
    return _prepare(network, "web1")


def _prepare(network: Network, name: str) -> Machine:
    booted = network.boot(name)
    put_units(booted)
    guard(booted, chosen_engine())
    assert "no-privileged" in booted.shell(PRIVILEGED).stderr
    return booted


def see(machine: Machine, trouble: Trouble) -> None:
    """Ask docker, and find on the page what it says."""
    asked = machine.shell(f"timeout {5 if trouble.said == '' else 100} docker ps")
    if trouble.said is None:
        assert (asked.returncode, asked.stderr) == (0, "")
    elif trouble.said:
        assert asked.returncode == 1
        assert trouble.said in asked.stderr
        assert trouble.said in PAGE
    else:
        assert asked.returncode == HANGS


def is_starting(machine: Machine) -> bool:
    """Whether dockerd is not ready, and its socket is there."""
    state = machine.shell("systemctl show --value --property ActiveState docker.service docker.socket").stdout.split()
    return state == ["activating", "active"]


def leave(machine: Machine) -> float:
    """Type the way out; the seconds until docker works."""
    assert '2. Take `"portero"` out of `authorization-plugins` in `/etc/docker/daemon.json`' in WAY_OUT
    assert RELOAD.startswith("systemctl is-active")
    began = time.monotonic()
    write_daemon_config(machine, [])
    machine.do(RELOAD, timeout=SECONDS)
    wait_until(lambda: machine.shell("docker ps", timeout=10).returncode == 0, "docker does not work", SECONDS)
    return time.monotonic() - began


def come_back(machine: Machine, trouble: Trouble) -> None:
    """Mend what is wrong, and have dockerd ask again."""
    machine.do(f"{trouble.cure}; rm -f /run/enough")
    write_daemon_config(machine, ["portero"])
    machine.do("systemctl reset-failed docker; systemctl start docker; systemctl reload docker")
    works = f"docker ps && {PRIVILEGED}"
    wait_until(lambda: "no-privileged" in machine.shell(works).stderr, "dockerd does not ask", SECONDS)


@pytest.mark.parametrize("name", TROUBLES)
def test_later_docker_says_why_and_root_has_a_way_out(machine: Machine, name: str) -> None:
    trouble = TROUBLES[name]
    machine.do(trouble.cause)

    see(machine, trouble)
    if name == "killed":
        # What people try first: dockerd then waits for its plugin at its start.
        machine.do("systemctl --no-block restart docker")
        wait_until(lambda: is_starting(machine), "dockerd does not wait for its plugin")
    print(f"ways out: {name}: {leave(machine):.1f} s")
    come_back(machine, trouble)


@pytest.mark.parametrize("name", ["policy", "settings"])
def test_what_is_mended_counts_and_until_then_docker_can_restart(machine: Machine, name: str) -> None:
    trouble = TROUBLES[name]
    machine.do(trouble.cause)
    failed = machine.shell("systemctl reload portero").returncode
    # dockerd asks nothing but the activation at its start.
    machine.do("systemctl reset-failed docker; systemctl restart docker", timeout=SECONDS)
    see(machine, trouble)
    status = machine.shell("portero status")
    shown = machine.do("systemctl show --property StatusText portero.service")
    version = machine.do("docker version && docker info")
    machine.do(trouble.cure)

    wait_until(lambda: machine.shell("docker ps").returncode == 0, "what is fixed does not count", SECONDS)
    assert failed == 1
    assert status.returncode == 1
    assert "NOTHING IS ALLOWED" in status.stdout
    assert "nothing is allowed until this is fixed" in shown
    assert "Server:" in version
    assert machine.do("systemctl reload portero") == ""


def test_a_full_disk_refuses_what_changes_something_only(machine: Machine) -> None:
    machine.do(TROUBLES["disk"].cause)

    refused = machine.shell("docker volume create full").stderr
    come_back(machine, TROUBLES["disk"])

    assert "log-failure" in refused
    assert "log-failure" in PAGE


@pytest.mark.parametrize("name", AT_BOOT)
def test_at_boot_the_machine_comes_up_or_root_has_a_way_out(network: Network, name: str) -> None:
    trouble = TROUBLES[name]
    before = _prepare(network, "web2") if name == AT_BOOT[0] else network.boot("web2")
    if name != AT_BOOT[0]:
        before.wait_until_booted()
    before.do(trouble.cause)
    before.power_off()
    machine = network.boot("web2")
    if trouble.said != "":
        machine.wait_until_booted()
        assert machine.do("systemctl is-active portero docker multi-user.target").split() == ["active"] * 3
    else:
        wait_until(lambda: is_starting(machine), "dockerd does not start")
    see(machine, trouble)
    print(f"ways out: {name} at boot: {leave(machine):.1f} s")
    machine.wait_until_booted()
    come_back(machine, trouble)
    machine.power_off()
