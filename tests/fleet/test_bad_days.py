"""Bad days of a host: Docker goes on or says why, and status, journal and docker's message name the cause.

More of them: a policy or settings that cannot be used, Portero killed again and again, its socket removed, its log's
disk full (test_ways_out), a process that is stopped (test_restarts, test_doors), devices closed and Python broken
(test_devices). The clock is Portero's own: a machine here shares that of the host.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.chaos.clock import YEAR, Clock
from tests.e2e.engine import chosen_engine
from tests.paths import ROOT
from tests.serve.application.test_application import site_with_exception

from .fleet import wait_until
from .machine import Machine, boot_one
from .units import UNITS as UNIT_FOLDER
from .units import guard, put_units

pytestmark = pytest.mark.e2e
LOG, STATE = "/var/log/portero/decisions.jsonl", "/var/lib/portero"
UNITS = "portero.socket portero.service"
RUN = "timeout 60 docker run --rm --network none box:1 true"
# With --rm it does not end where the start is refused (docs/troubleshooting.md).
PROBE = RUN.replace("--rm", "--label probe")
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
        # Space for the tests after this one, too.
        f"rm {STATE}/fill; mount -o remount,size=16m {STATE}",
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
    with boot_one() as booted:
        put_units(booted)
        booted.do("echo PORTERO_PROFILE=baseline >> /etc/portero/environment; systemctl restart portero")
        guard(booted, chosen_engine())
        booted.do("mkdir -p /srv/box/bin; cp /bin/busybox /srv/box/bin")
        booted.do("for name in true sh sleep; do ln -s busybox /srv/box/bin/$name; done")
        booted.do("tar -C /srv/box -c . | docker import - box:1")
        booted.do(RUN)
        booted.do("docker run --detach --name long --network none box:1 sleep 3600")
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


PAGE = (ROOT / "docs/when-docker-hangs.md").read_text()
MAIN = "$(systemctl show --value --property MainPID portero.service)"
DECIDER = f"$(pgrep -P {MAIN})"
RECEIVED_403 = "unable to upgrade to tcp, received 403"
# What docker says of a request that was judged in the moment of the kill; the page has each.
KILLED = ("envelope-empty", "lookup-failed", RECEIVED_403)
ATTACH = (
    "curl -sS -m 60 -X POST -H 'Connection: Upgrade' -H 'Upgrade: tcp' --unix-socket /run/docker.sock"
    " 'http://docker/containers/long/attach?stream=1&stdout=1'"
)


@pytest.mark.parametrize(
    ("killed", "journal", "status"),
    [
        (MAIN, "code=killed, status=9/KILL", ""),
        (DECIDER, "was sent SIGKILL", "the deciding process ended or hung, and was replaced at"),
        (f"{DECIDER} {MAIN}", "code=killed, status=9/KILL", ""),
    ],
    ids=["service", "decider", "both"],
)
def test_killed_in_the_middle_of_a_run_docker_works_again(
    machine: Machine, killed: str, journal: str, status: str
) -> None:
    machine.do("systemctl restart portero; docker ps")
    stream = "docker exec long sh -c 'sleep 4; echo through'"
    machine.do(f"({stream} >/run/stream 2>&1; echo $? >>/run/stream) & sleep 1")
    for delay in (0.0, 0.05, 0.1, 0.15, 0.2, 0.3):
        ran = machine.shell(f"{PROBE} & sleep {delay}; kill -KILL {killed}; wait $!")
        began = time.monotonic()
        wait_until(lambda: machine.shell(PROBE).returncode == 0, "docker does not work again", SECONDS)

        print(f"bad days: killed after {delay} s: {ran.returncode}; works {time.monotonic() - began:.1f} s later")
        said = [text for text in KILLED if text in ran.stderr]
        assert ran.returncode == 0 or said, ran.stderr
        machine.do("docker rm --force $(docker ps --all --quiet --filter label=probe)")
        wait_until(lambda: "system.slice" in machine.shell(f"cat /proc/{DECIDER}/cgroup").stdout, "no decider", SECONDS)

    wait_until(lambda: machine.do("cat /run/stream") == "through\n0\n", "the stream was cut", SECONDS)
    assert journal in machine.do("journalctl -u portero --no-pager --output cat --lines 40")
    assert status in " ".join(machine.shell("portero status").stdout.split())


def test_of_a_stream_that_was_asked_for_in_a_kill_docker_keeps_the_cause_to_itself(machine: Machine) -> None:
    # dockerd keeps a connection, and asks over it.
    machine.do("docker ps; docker ps")
    refused = machine.do(f"decider={DECIDER}; kill -STOP $decider; {ATTACH} & sleep 0.5; kill -KILL $decider; wait $!")

    assert "envelope-empty" in refused
    assert all(text in PAGE for text in KILLED)


@pytest.fixture
def clock(machine: Machine) -> Iterator[Clock]:
    """Portero's own on the machine."""
    # In the tmpfs that the unit may write.
    clock = Clock(machine.path("/dev/shm/clock"))
    drop_in = f"{UNIT_FOLDER}/portero.service.d/clock.conf"
    variables = clock.environ(str(ROOT / "plugin"), "/dev/shm/clock")
    machine.do(f"mkdir -p {Path(drop_in).parent}")
    machine.path(drop_in).write_text("[Service]\n" + "".join(f"Environment={n}={v}\n" for n, v in variables.items()))
    machine.do("systemctl daemon-reload; systemctl restart portero")
    yield clock
    machine.do(f"rm -r {drop_in} /etc/portero/policy/exceptions; systemctl daemon-reload; systemctl restart portero")


def test_a_clock_that_is_years_wrong_ends_an_exception_and_docker_goes_on(
    machine: Machine, clock: Clock, tmp_path: Path
) -> None:
    privileged = "docker run --rm --privileged --network none box:1 true"
    expires = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()
    site = site_with_exception(tmp_path, expires=expires)
    exceptions = machine.path("/etc/portero/policy/exceptions")
    assert "no-privileged" in machine.shell(privileged).stderr
    exceptions.mkdir()
    (exceptions / "installer.json").write_bytes(Path(site, "exceptions/installer.json").read_bytes())
    wait_until(lambda: machine.shell(privileged).returncode == 0, "the exception does not count", SECONDS)

    found = []
    for years in (10, -10, 0):
        clock.step(years * YEAR)
        asked = machine.shell(privileged)
        status = " ".join(machine.shell("portero status 2>&1").stdout.split())
        found.append((asked.returncode == 0, "no-privileged" in asked.stderr, "expired" in status))
        machine.do(RUN)
        machine.do("systemctl reload portero; docker exec long true")
        print(f"bad days: the clock {years} years off: {status[:300]}")

    assert found == [(False, True, True), (True, False, False), (True, False, False)]
    times = [json.loads(line)["time"][:4] for line in machine.do("cat /var/log/portero/decisions.jsonl").splitlines()]
    now = datetime.now(UTC).year
    assert {str(now - 10), str(now), str(now + 10)} <= {*times}
