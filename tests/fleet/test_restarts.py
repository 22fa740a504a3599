"""The units under a real systemd: Portero comes back by itself, however often it could not start before."""

import sys
import time
from collections.abc import Iterator

import pytest

from tests.e2e.conftest import give_up
from tests.paths import ROOT

from .machine import Machine, Network, missing

pytestmark = pytest.mark.e2e
UNITS = "/etc/systemd/system"
SITE = "/etc/portero/policy/site.json"
MAIN = "systemctl show --value --property MainPID portero.service"
PING = "curl -sf -m 30 --unix-socket /run/docker/plugins/portero.sock -X POST http://portero/Plugin.Activate"


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    if reason := missing():
        give_up(reason)
    with Network({"web1": "10.77.0.2"}) as network:
        booted = network.boot("web1")
        booted.wait_until_booted()
        booted.do("systemctl stop portero.service portero.socket 2>/dev/null || true")
        for unit in ("portero.service", "portero.socket"):
            text = (ROOT / "packaging/systemd" / unit).read_text()
            text = text.replace("/usr/local/bin/portero serve", f"{sys.executable} -m portero serve")
            booted.path(f"{UNITS}/{unit}").write_text(text)
        booted.do("mkdir -p /etc/portero/policy; echo PORTERO_SCHEMAS=/etc/portero/policy > /etc/portero/environment")
        booted.do(f"echo '{{}}' > {SITE}; systemctl daemon-reload; systemctl start portero.socket portero.service")
        yield booted


def test_a_policy_that_is_mended_is_in_force_after_many_failed_starts(machine: Machine) -> None:
    assert '"authz"' in machine.do(PING)
    machine.do(f"echo '{{' > {SITE}; systemctl restart portero.service")
    # A request waits at the socket, which makes systemd try at once.
    restarts = "systemctl show --value --property NRestarts portero.service"
    machine.do(f"{PING} & until [ $({restarts}) -gt 5 ]; do sleep 0.2; done")
    machine.do(f"echo '{{}}' > {SITE}")

    assert '"authz"' in machine.do(PING)
    assert machine.do("systemctl is-active portero.socket portero.service").split() == ["active", "active"]


def test_when_memory_runs_out_others_are_killed_first_and_one_process_is_not_all(machine: Machine) -> None:
    assert '"authz"' in machine.do(PING)
    shown = machine.do("systemctl show --property OOMPolicy --property OOMScoreAdjust portero.service").split()

    # A machine without the right to it, as this one may be, starts all the same.
    assert {*shown} == {"OOMPolicy=continue", "OOMScoreAdjust=-500"}


def test_each_process_that_is_killed_is_replaced(machine: Machine) -> None:
    assert '"authz"' in machine.do(PING)
    pids = "cat /sys/fs/cgroup/system.slice/portero.service/cgroup.procs"
    before = machine.do(pids).split()
    for _ in range(6):
        # 0 while it is about to be started again.
        machine.do(f"until pid=$({MAIN}); [ $pid != 0 ]; do sleep 0.1; done; kill -KILL $pid")
        assert '"authz"' in machine.do(PING)

    end = time.monotonic() + 30
    while {*before} & {*machine.do(pids).split()}:
        assert time.monotonic() < end
        time.sleep(0.2)
    assert machine.do("systemctl is-active portero.socket portero.service").split() == ["active", "active"]
