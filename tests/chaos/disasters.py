"""What can happen to a Portero on a throw-away host. Each disaster begins, lasts (`yield`), and is over."""

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from tests.e2e.guarded import PLUGIN_SOCKET, GuardedDocker
from tests.waiting import wait_until

from .clients import HUNG
from .clock import YEAR, Clock

FOLDER = "/var/log/chaos"
LOG = f"{FOLDER}/decisions.jsonl"
SITE = "/srv/site"
HERE = Path(__file__).parent


class Victim:
    """Portero beside dockerd; `held`: its socket is held for it, and it is started again by who holds it."""

    def __init__(self, docker: GuardedDocker, clock: Clock, chance: random.Random, *, held: bool) -> None:
        self.docker = docker
        self.clock = clock
        self.chance = chance
        self.held = held

    def find_arbiter(self) -> int:
        """The pid of gunicorn's arbiter; 0: there is none now."""
        try:
            pid = self.docker.plugin_pid
            return next(iter(self.docker.host.children(pid)), 0) if self.held else pid
        except (FileNotFoundError, ProcessLookupError):
            return 0

    def list_deciders(self) -> list[int]:
        """The pid of its decider, if there is one now."""
        arbiter = self.find_arbiter()
        try:
            return self.docker.host.children(arbiter) if arbiter else []
        except (FileNotFoundError, ProcessLookupError):
            return []

    def limit(self, option: str) -> None:
        """Set a limit of the decider, as prlimit(1) spells it: --nofile=20."""
        for decider in self.list_deciders():
            self.docker.host.run(["prlimit", f"--pid={decider}", option])

    def restart(self, name: str) -> None:
        """End the arbiter by this signal and have another one."""
        if self.held:
            self.docker.host.signal(self.find_arbiter(), name)
            wait_until(lambda: len(self.list_deciders()) > 0, "Portero was not started again")
        else:
            self.docker.stop_plugin(name)
            self.docker.start_plugin(self.docker.chosen)  # type: ignore[attr-defined]  # set by the test


Disaster: TypeAlias = Callable[[Victim], Iterator[None]]


def kill_the_decider(victim: Victim) -> Iterator[None]:
    for decider in victim.list_deciders():
        victim.docker.host.signal(decider, "KILL")
    yield


def stop_the_decider(victim: Victim) -> Iterator[None]:
    deciders = victim.list_deciders()
    for decider in deciders:
        victim.docker.host.signal(decider, "STOP")
    yield
    for decider in deciders:
        victim.docker.host.signal(decider, "CONT")


def kill_the_arbiter(victim: Victim) -> Iterator[None]:
    victim.restart("KILL")
    yield


def kill_all_processes(victim: Victim) -> Iterator[None]:
    """As when memory runs out for the whole control group."""
    for decider in victim.list_deciders():
        victim.docker.host.signal(decider, "KILL")
    victim.restart("KILL")
    yield


def lost_socket(victim: Victim) -> Iterator[None]:
    """Its file is removed; one that is held is its holder's to make anew."""
    if not victim.held:
        victim.docker.shell(f"rm {PLUGIN_SOCKET}")
    yield


def policy_moved_away(victim: Victim) -> Iterator[None]:
    victim.docker.shell(f"mv {SITE} {SITE}.away")
    yield
    victim.docker.shell(f"mv {SITE}.away {SITE}")


def policy_below_a_mount(victim: Victim) -> Iterator[None]:
    """It would allow everything, if it were valid."""
    victim.docker.shell(f"mkdir -p {SITE}.other; cp {SITE}/site.json {SITE}.other; mount --bind {SITE}.other {SITE}")
    victim.docker.host.path(f"{SITE}/site.json").write_text('{"actions": {"no-privileged": "off"}, "acshuns": {}}')
    yield
    victim.docker.shell(f"umount {SITE}")


def restart(victim: Victim) -> Iterator[None]:
    victim.restart("TERM")
    yield


def reload(victim: Victim) -> Iterator[None]:
    """An invalid policy that would allow everything, then a valid one."""
    site = victim.docker.host.path(f"{SITE}/site.json")
    site.write_text(json.dumps({"actions": {"no-privileged": "off", "no-daemon-sockets": "off"}, "acshuns": {}}))
    victim.docker.host.signal(victim.find_arbiter(), "HUP")
    yield
    site.write_text(json.dumps({"actions": {"read-only-root": victim.chance.choice(["audit", "off"])}}))
    victim.docker.host.signal(victim.find_arbiter(), "HUP")


def few_descriptors(victim: Victim) -> Iterator[None]:
    for decider in victim.list_deciders():
        used = len([*victim.docker.host.path(f"/proc/{decider}/fd").iterdir()])
        room = victim.chance.randint(0, 4)
        victim.docker.host.run(["prlimit", f"--pid={decider}", f"--nofile={used + room}:4096"])
    yield
    victim.limit("--nofile=4096:4096")


def little_memory(victim: Victim) -> Iterator[None]:
    """No room for the stack of a thread, nor for a large body."""
    for decider in victim.list_deciders():
        status = victim.docker.host.path(f"/proc/{decider}/status").read_text()
        used = int(status.partition("VmSize:")[2].split()[0]) << 10
        room = victim.chance.choice([0, 1 << 20, 4 << 20])
        victim.docker.host.run(["prlimit", f"--pid={decider}", f"--as={used + room}:unlimited"])
    yield
    victim.limit("--as=unlimited:unlimited")


def full_disk(victim: Victim) -> Iterator[None]:
    victim.docker.shell(f"dd if=/dev/zero of={FOLDER}/filler bs=1M; dd if=/dev/zero of={FOLDER}/rest bs=100")
    yield
    victim.docker.shell(f"rm {FOLDER}/filler {FOLDER}/rest")


def slow_daemon(victim: Victim) -> Iterator[None]:
    victim.docker.shell("kill -STOP $(cat /run/docker.pid)")
    yield
    victim.docker.shell("kill -CONT $(cat /run/docker.pid)")
    # nsenter(1) stops itself with what it has started.
    victim.docker.dockerd.waiter.send_signal(signal.SIGCONT)


def hung_file_system(victim: Victim) -> Iterator[None]:
    command = victim.docker.host.inside([sys.executable, str(HERE / "hung_fs.py"), HUNG])
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()  # nothing where the kernel has no FUSE
        yield
        process.stdin.close()


def rotation(victim: Victim) -> Iterator[None]:
    victim.docker.shell(f"mv {LOG} {LOG}.$(date +%s%N)")
    yield


def clock_jump(victim: Victim) -> Iterator[None]:
    victim.clock.step(victim.chance.choice([-10, -1, 1, 10]) * YEAR)
    yield
    victim.clock.step(0.0)


DISASTERS: Mapping[str, Disaster] = {
    disaster.__name__.replace("_", " "): disaster
    for disaster in (
        *(kill_the_decider, stop_the_decider, kill_the_arbiter, kill_all_processes, restart, reload, few_descriptors),
        *(little_memory, full_disk, slow_daemon, hung_file_system, rotation, clock_jump),
        *(lost_socket, policy_moved_away, policy_below_a_mount),
    )
}


def strike(victim: Victim, seconds: float) -> list[str]:
    """Let disasters happen for so long, each at least once and some two at a time; their names in order."""
    end, happened, waiting = time.monotonic() + seconds, [], []
    while time.monotonic() < end or waiting:
        if not waiting:
            waiting = victim.chance.sample([*DISASTERS], len(DISASTERS))
        name = waiting.pop()
        happened.append(name)
        with contextmanager(DISASTERS[name])(victim):
            time.sleep(victim.chance.uniform(0.5, 2.5))
        time.sleep(victim.chance.uniform(0.2, 1.0))
    return happened
