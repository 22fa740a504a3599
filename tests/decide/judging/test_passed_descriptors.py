"""Random containers come, go and pass on all that they can: who can still write where is always known.

The truth is played beside the memory, which sees requests and lists alone: each container that runs has what it mounts,
and what it got at a socket from each other one that it could reach.
"""

import itertools
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from portero.decide.interfaces import existing
from portero.decide.interfaces.effects import NOTHING
from portero.decide.interfaces.member import Members
from portero.decide.objects import ended_writers
from portero.decide.objects.source_pairs import SourcePairs
from portero.observe.host.fixed_host import FixedHost
from portero.observe.writers.writer_memory import WriterMemory

HOST = FixedHost({})
PLACES = ("/srv/a", "/srv/b", "/srv/c", "/srv/d", "v", "w")
# Each with how often it comes.
STEPS = {"run": 12, "start": 6, "stop": 6, "remove": 8, "list": 6, "check": 12, "dockerd": 1}


@dataclass
class Container:
    mounts: list[tuple[str, bool]]
    starts_always: bool
    state: str = "created"
    run: str = ""
    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)

    def list_passed(self) -> set[str]:
        """Not folders of the host that it only reads (docs/limits.md)."""
        return self.writes | {place for place in self.reads if place[0] != "/"}

    def list_writable(self) -> set[str]:
        return {place for place, writable in self.mounts if writable}


class Daemon:
    """Containers, and what a request sees of them (Objects)."""

    pending, since = None, 1 << 60
    members: Members

    def __init__(self) -> None:
        self.containers: dict[str, Container] = {}
        self.memory, self.process, self.runs = WriterMemory(None), 1, 0

    def start(self, id: str) -> None:
        one, self.runs = self.containers[id], self.runs + 1
        one.state, one.run = "running", str(self.runs)
        one.reads, one.writes = {place for place, _ in one.mounts}, one.list_writable()
        running = [each for each in self.containers.values() if each.state == "running"]
        for _ in running:
            for a, b in itertools.combinations(running, 2):
                if (a.reads | a.writes) & (b.reads | b.writes) & (a.writes | b.writes):
                    passed = a.list_passed() | b.list_passed()
                    for each in (a, b):
                        each.reads |= passed
                        each.writes |= {place for place in passed if place in a.writes | b.writes}

    def stop(self, id: str) -> None:
        one = self.containers[id]
        one.state, one.reads, one.writes = "exited" if one.run else "created", set(), set()

    def restart_dockerd(self) -> None:
        self.process += 1
        for id in self.containers:
            self.stop(id)
        for id in [id for id, one in self.containers.items() if one.starts_always and one.run]:
            self.start(id)

    def begin_request(self) -> SourcePairs:
        self.members = self.memory.at("", str(self.process))
        return SourcePairs(self, HOST)  # type: ignore[arg-type]

    def commit(self, request: SourcePairs) -> None:
        """It is allowed."""
        effects = request.make_effects(NOTHING, ())
        assert effects.moment is not None
        self.memory.commit(effects.moment, effects.sighting, effects.starting)

    def list(self, chance: Random) -> SourcePairs:
        """A request that reads the list, and is denied at times: what it saw is forgotten then."""
        request = self.begin_request()
        request.follow()
        if chance.random() < 0.7:
            self.commit(request)
        return request

    def inspect(self, kind: str, id: str) -> Any:
        one = self.containers[id]
        mounts = [
            {"Source": place, "RW": writable} | ({} if place[0] == "/" else {"Type": "volume", "Name": place})
            for place, writable in one.mounts
        ]
        modes = {"NetworkMode": "none", "PidMode": "", "IpcMode": ""}
        return {"Id": id, "State": {"Status": one.state, "StartedAt": one.run}, "Mounts": mounts, "HostConfig": modes}

    inspect_briefly = inspect

    def list_all(self, kind: str) -> Any:
        shown = [self.inspect("", id) for id in self.containers] if kind == "container" else []
        return [{**one, "State": one["State"]["Status"]} for one in shown]


def find_missing(daemon: Daemon, chance: Random) -> list[tuple[str, str]]:
    """Who can write where, and is not known to, by the list of now."""
    request = daemon.begin_request()
    request.follow()
    if chance.random() < 0.5 and request.sighting:
        request.sighting = ended_writers.drop_restarted(request.sighting, daemon)  # type: ignore[arg-type]
    if chance.random() < 0.7:
        daemon.commit(request)
    held = {id: one.held for id, one in request.sighting.holders.items()} if request.sighting else {}
    mounted = set[str]().union(*(one.list_writable() for one in daemon.containers.values()))
    return [
        (id, place)
        for id, one in daemon.containers.items()
        for place in one.writes - mounted - held.get(id, frozenset())
        if place[0] == "/"
    ]


@pytest.mark.parametrize("seed", range(500, 1000, 25))
def test_who_can_write_what_a_gone_one_could_is_known(seed: int) -> None:
    for each in range(seed, seed + 25):
        play(Random(each))


def play(chance: Random) -> None:
    daemon = Daemon()
    for number in range(30):
        step, ids = chance.choices([*STEPS], [*STEPS.values()])[0], [*daemon.containers]
        id = chance.choice(ids) if ids else ""
        if step == "run":
            id = f"{number:064x}"
            mounts = [(place, chance.random() < 0.5) for place in chance.sample(PLACES, chance.randint(0, 3))]
            daemon.containers[id] = Container(mounts, chance.random() < 0.4)
            daemon.list(chance)
        if id and step in ("run", "start"):
            request = daemon.begin_request()
            request.note_start(existing.ExistingContainer.read(daemon.inspect("container", id)))
            daemon.commit(request)
            daemon.start(id)
        elif id and step == "stop":
            daemon.stop(id)
        elif id and step == "remove":
            del daemon.containers[id]
        elif step == "list":
            daemon.list(chance)
        elif step == "dockerd":
            daemon.restart_dockerd()
        elif step == "check":
            assert find_missing(daemon, chance) == []
