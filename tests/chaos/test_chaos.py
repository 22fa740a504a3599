"""Kills, restarts, reloads, and every resource running out under a real dockerd with busy clients.

PORTERO_CHAOS_SECONDS says how long for each way of starting, PORTERO_CHAOS_SEED which disasters in which order.
"""

import json
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import need_dockerd
from tests.e2e.guarded import PLUGIN_SOCKET, GuardedDocker
from tests.paths import ROOT
from tests.waiting import wait_until

from .clients import ATTACK, HARMLESS, HUNG, PRIVILEGED, Clients
from .clock import Clock
from .disasters import FOLDER, HERE, LOG, SITE, Victim, strike

pytestmark = pytest.mark.e2e

SECONDS = float(os.environ.get("PORTERO_CHAOS_SECONDS", "20"))
SEED = int(os.environ.get("PORTERO_CHAOS_SEED", "1"))
SERVE = [
    *(sys.executable, "-m", "portero", "serve", "--profile", "baseline", "--socket", PLUGIN_SOCKET),
    *("--log", LOG, "--schemas", SITE),
]
HELD = [sys.executable, str(HERE / "activate.py"), PLUGIN_SOCKET, *SERVE]


@pytest.fixture
def docker() -> Iterator[GuardedDocker]:
    need_dockerd()
    with GuardedDocker() as started:
        started.shell(f"mkdir -p {FOLDER} {SITE} {HUNG}; echo '{{}}' > {SITE}/site.json")
        started.shell(f"mount -t tmpfs -o size=64m none {FOLDER}")
        yield started


@pytest.mark.parametrize("held", [False, True], ids=["alone", "behind a held socket"])
def test_no_disaster_lets_anything_pass_unjudged_or_unlogged(docker: GuardedDocker, held: bool) -> None:
    clock = Clock(docker.host.path("/srv/clock"))
    stepped = [f"{name}={value}" for name, value in clock.environ(str(ROOT / "plugin"), "/srv/clock").items()]
    docker.chosen = ["env", *stepped, *(HELD if held else SERVE)]  # type: ignore[attr-defined]  # for Victim.restart
    docker.replace_plugin(docker.chosen)  # type: ignore[attr-defined]
    victim = Victim(docker, clock, random.Random(SEED), held=held)
    clients = Clients(docker.socket)
    try:
        happened = strike(victim, SECONDS)
    finally:
        clients.stop()

    wait_until(lambda: docker.client.ask("POST", "/containers/create?name=after", HARMLESS).status == 201, "recovery")
    after = docker.client.ask("POST", "/containers/create?name=attack-after", PRIVILEGED)
    executed = [one["Names"][0][1:] for one in docker.client.ask("GET", "/containers/json?all=1").json()]
    logged, torn = read_log(docker)
    allowed = [one for one in logged if one["operation"] == "ContainerCreate" and one["allowed"]]
    internal = [one["id"] for one in logged if any(each["rule"] == "internal-error" for each in one["violations"])]
    numbers = f"sent {clients.sent}, executed {len(executed)}, logged {len(logged)} ({len(allowed)} allowed creates)"
    print(f"seed {SEED}: {numbers}, torn {torn}, internal errors {len(internal)}")
    print(f"{len(happened)} disasters: {dict(Counter(happened))}\nanswers: {dict(clients.answers)}")

    assert after.status == 403
    assert [name for name in executed if name.startswith(ATTACK)] == []
    assert [name for name in clients.created if name.startswith(ATTACK)] == []
    # Each that dockerd has made was allowed by a line that is in the log.
    assert clients.created <= {*executed}
    assert 0 < len(executed) <= len(allowed)
    assert torn <= 2 * happened.count("full disk")
    assert clients.answers["harmless", 201] > 0
    # Only a disaster that leaves no memory or descriptors may meet us in the middle of a decision.
    assert len(internal) <= clients.sent / 10


def read_log(docker: GuardedDocker) -> tuple[list[dict[str, object]], int]:
    """The lines of all log files, and how many are no line: a full disk can take half of one."""
    files = sorted(Path(docker.host.path(FOLDER)).iterdir())
    lines = [line for file in files for line in file.read_bytes().splitlines() if line]
    logged, torn = [], 0
    for line in lines:
        try:
            logged.append(json.loads(line))
        except ValueError:
            torn += 1
    return logged, torn
