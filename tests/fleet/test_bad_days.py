"""Bad days of a host: Docker goes on or says why, and status, journal and docker's message name the cause.

More of them: a policy or settings that cannot be used, Portero killed again and again, its socket removed, its log's
disk full (test_ways_out), a process that is stopped (test_restarts, test_doors), devices closed and Python broken
(test_devices), and the clock, which a machine here shares with others (tests/chaos).
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.e2e.conftest import give_up

from .fleet import wait_until
from .machine import Machine, Network, missing
from .units import guard, put_units

pytestmark = pytest.mark.e2e
LOG, STATE = "/var/log/portero/decisions.jsonl", "/var/lib/portero"
UNITS = "portero.socket portero.service"
RUN = "timeout 60 docker run --rm --network none box:1 true"
# docs/when-docker-hangs.md has seconds; a busy machine takes longer.
SECONDS = 60.0


@dataclass(frozen=True)
class Day:
    """What goes wrong; what `docker run --rm`, `portero status` and the journal say then; the cure.

    `unit`: whose journal. `reads`: whether docker ps works meanwhile.
    """

    cause: str
    denied: str
    status: str
    journal: str
    cure: str
    reads: bool = True
    unit: str = "portero"


DAYS = {
    "a folder in the log's place": Day(
        f"rm -f {LOG}; mkdir {LOG}; systemctl restart portero",
        "log-failure",
        f"{LOG}",
        f"{LOG}",
        f"rmdir {LOG}",
    ),
    "a full disk below the state": Day(
        f"mount -t tmpfs -o size=16k none {STATE}; dd if=/dev/zero of={STATE}/fill bs=1k 2>/dev/null;"
        " systemctl restart portero",
        "writers-unknown",
        f"{STATE}/writers.jsonl: cannot be written (No space left on device): no container is made or started",
        f"{STATE}/writers.jsonl: cannot be written (No space left on device): no container is made or started",
        f"rm {STATE}/fill",
    ),
    "masked units": Day(
        f"systemctl mask --runtime --quiet {UNITS}; systemctl stop {UNITS}",
        "dial unix /run/docker/plugins/portero.sock",
        "no status (No such file or directory)",
        "",
        f"systemctl unmask --runtime --quiet {UNITS}; systemctl start {UNITS}",
        reads=False,
    ),
    "a Python that does not run": Day(
        # dockerd waits for an answer, so that nothing is asked for.
        "systemctl stop portero.service; mkdir -p /run/systemd/system/portero.service.d; printf"
        " '[Service]\\nExecStart=\\nExecStart=/nowhere/bin/python -m portero serve\\n' >"
        " /run/systemd/system/portero.service.d/python.conf; systemctl daemon-reload; systemctl start portero || true",
        "",
        "no status (nothing answers); systemctl status portero and journalctl -u portero say why",
        "Unable to locate executable '/nowhere/bin/python'",
        "rm /run/systemd/system/portero.service.d/python.conf; systemctl daemon-reload; systemctl restart portero",
        reads=False,
    ),
}


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    if reason := missing():
        give_up(reason)
    with Network({"web1": "10.77.0.2"}) as network:
        booted = network.boot("web1")
        put_units(booted)
        booted.do("echo PORTERO_PROFILE=baseline >> /etc/portero/environment; systemctl restart portero")
        guard(booted)
        booted.do("mkdir -p /srv/box/bin; cp /bin/busybox /srv/box/bin; ln -s busybox /srv/box/bin/true")
        booted.do("tar -C /srv/box -c . | docker import - box:1")
        booted.do(RUN)
        yield booted


@pytest.mark.parametrize("name", DAYS)
def test_docker_says_why_and_works_again(machine: Machine, name: str) -> None:
    day = DAYS[name]
    machine.do(day.cause)

    began = time.monotonic()
    ran = machine.shell(RUN if day.denied else f"timeout 5 {RUN}")
    # A refusal ends docker run --rm, since the create is refused already.
    took = time.monotonic() - began
    listed = machine.shell(f"timeout {60 if day.denied else 5} docker ps")
    status = " ".join(machine.shell("portero status 2>&1").stdout.split())
    shown = machine.do(f"systemctl show --property StatusText {day.unit}.service")
    journal = " ".join(machine.do(f"journalctl -u {day.unit} --no-pager --output cat --lines 40").split())
    machine.do(day.cure)
    wait_until(lambda: machine.shell(RUN).returncode == 0, "docker does not work again", SECONDS)

    print(f"bad days: {name}: docker run ended after {took:.1f} s; status: {status[:200]}; {shown}")
    assert ran.returncode != 0
    assert day.denied in (ran.stderr if day.reads else listed.stderr)
    assert (listed.returncode == 0) is day.reads
    assert day.status in status
    assert day.journal in journal
