"""The units under a real systemd: Portero comes back by itself, however often it could not start before."""

import sys
import time
from collections.abc import Iterator

import pytest

from tests.paths import ROOT

from .fleet import wait_until
from .machine import Machine, boot_one
from .units import put_units

pytestmark = pytest.mark.e2e
MAIN = "systemctl show --value --property MainPID portero.service"
# Sixteen clients send bodies of megabytes that take long to read, and go away at once.
LOAD = """
import base64, json, os, socket, threading
labels = {str(number): "x" * 300 for number in range(9000)}
body = base64.b64encode(json.dumps({"Image": "x", "Labels": labels}).encode()).decode()
asked = {"RequestMethod": "POST", "RequestUri": "/v1.45/containers/create", "RequestBody": body}
asked["RequestHeaders"] = {"Content-Type": "application/json"}
data = json.dumps(asked).encode()
head = b"POST /AuthZPlugin.AuthZReq HTTP/1.1\\r\\nHost: p\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(data)
def send():
    while not os.path.exists("/run/enough"):
        try:
            with socket.socket(socket.AF_UNIX) as one:
                one.connect("/run/docker/plugins/portero.sock")
                one.sendall(head + data)
        except OSError:
            pass
for _ in range(16):
    threading.Thread(target=send).start()
"""
PING = "curl -sf -m 30 --unix-socket /run/docker/plugins/portero.sock -X POST http://portero/Plugin.Activate"


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    with boot_one() as booted:
        put_units(booted)
        yield booted


def test_portero_comes_back_after_many_failed_starts(machine: Machine) -> None:
    assert '"authz"' in machine.do(PING)
    # Where it is not known where to log, Portero ends at its start.
    machine.do("echo PORTERO_SOCKET=none >> /etc/portero/environment")
    machine.shell("systemctl restart portero.service")
    # A request waits at the socket, which makes systemd try at once.
    restarts = "systemctl show --value --property NRestarts portero.service"
    machine.do(f"{PING} & until [ $({restarts}) -gt 3 ]; do sleep 0.2; done")
    machine.do("sed -i /none/d /etc/portero/environment")

    assert '"authz"' in machine.do(PING)
    wait_until(lambda: machine.shell("systemctl is-active portero.service").returncode == 0, "portero is not active")


def test_when_memory_runs_out_others_are_killed_first_and_one_process_is_not_all(machine: Machine) -> None:
    assert '"authz"' in machine.do(PING)
    shown = machine.do("systemctl show --property OOMPolicy --property OOMScoreAdjust portero.service").split()

    # A machine without the right to it, as this one may be, starts all the same.
    assert {*shown} == {"OOMPolicy=continue", "OOMScoreAdjust=-500"}


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (f"kill -STOP $(pgrep -P $({MAIN}))", "the deciding process ended or hung, and was replaced at"),
        (f"kill -STOP $({MAIN})", ""),
        ("echo 1 > /sys/fs/cgroup/system.slice/portero.service/cgroup.freeze", ""),
    ],
    ids=["decider", "arbiter", "group"],
)
def test_what_is_stopped_is_replaced_and_docker_goes_on(machine: Machine, command: str, said: str) -> None:
    assert '"authz"' in machine.do(PING)
    before = machine.do(MAIN)
    machine.do(command)
    began = time.monotonic()

    # Where the arbiter alone is stopped, requests are answered all the time.
    wait_until(lambda: said or machine.do(MAIN) not in (before, "0\n"), "systemd does not replace it", 60)
    wait_until(lambda: '"authz"' in machine.shell(PING.replace("-m 30", "-m 2")).stdout, "portero does not answer", 60)

    print(f"stopped: {command}: {time.monotonic() - began:.1f} s")
    status = machine.shell(f"PYTHONPATH={ROOT / 'plugin'} {sys.executable} -m portero status").stdout
    assert said in " ".join(status.split())
    assert (machine.do(MAIN) == before) is bool(said)
    journal = machine.do("journalctl -u portero.service --no-pager --output cat --lines 30")
    assert ("hangs (no heartbeat for" if said else "watchdog") in journal.lower()


def test_a_stop_under_load_ends_in_time_whatever_clients_gave_up(machine: Machine) -> None:
    assert '"authz"' in machine.do(PING)
    machine.path("/srv/load.py").write_text(LOAD)
    machine.do(f"(setsid {sys.executable} /srv/load.py &) >/dev/null 2>&1; sleep 3")
    began = time.monotonic()
    machine.do("systemctl stop portero.socket portero.service", timeout=150)
    took = time.monotonic() - began
    result = machine.do("systemctl show --value --property Result portero.service")
    machine.do("touch /run/enough; systemctl start portero.socket portero.service")

    print(f"restarts: a stop under load took {took:.1f} s, result {result}")
    # TimeoutStopSec= is 15 s, and systemd's own part is short.
    assert took < 60
    assert '"authz"' in machine.do(PING)


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
    # systemd is told a moment after dockerd has its answer.
    wait_until(lambda: machine.shell("systemctl is-active portero.service").returncode == 0, "portero is not active")
    assert machine.do("systemctl is-active portero.socket").split() == ["active"]
