"""Four clients at once play random sequences at one daemon, without services; they go away in the middle of some."""

import itertools
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.e2e.rawhttp import Answer, Client
from tests.sequences import pieces
from tests.waiting import wait_until

from .generate import sequence
from .play import CONTAINER, REQUESTS
from .steps import merge

CLIENTS = 4
# Two hexadecimal digits begin IDs, too.
_NAMES = [f"c{number}" for number in range(8)]
_Request = tuple[str, str, Any]
# What comes between: what no sequence does, or seldom; {} is a container.
_BETWEEN: tuple[_Request, ...] = (
    *[("DELETE", "/containers/{}?force=1", None)] * 6,
    *[("POST", "/containers/{}/rename?name={}", None)] * 3,
    *[("POST", "/containers/{}/exec", {"Cmd": ["true"], "User": "1", "Privileged": False})] * 2,
    *[("POST", "/containers/{}/update", {"Memory": 1 << 27, "MemorySwap": 1 << 28})] * 2,
    *[("POST", "/containers/{}/kill", None)] * 2,
    ("POST", "/networks/n0/connect", {"Container": "c0"}),
    ("POST", "/networks/n0/disconnect", {"Container": "c0"}),
    ("DELETE", "/networks/n0", None),
    ("POST", "/containers/prune", None),
)


class Crowd:
    """`answers`: the status of each operation that dockerd answered, and was not kept from by a guard that is gone."""

    def __init__(self, path: Path, seed: int) -> None:
        self._client = Client(path, 30)
        self._seed = seed
        self._chance = random.Random(seed)
        chances = [random.Random(f"{seed}/{client}") for client in range(CLIENTS)]
        self._players = [(chance, self._make_requests(chance, client)) for client, chance in enumerate(chances)]
        self.answers: list[int] = []
        self._end = 0

    def play(self, operations: int, strike: Callable[[], None] = lambda: None) -> None:
        """So many operations. This thread, a fifth one, strikes when some of them are done."""
        begun = len(self.answers)
        self._end, strikes = begun + operations, begun + self._chance.randrange(operations // 2)
        with ThreadPoolExecutor(CLIENTS) as pool:
            playing = pool.map(self._play_one, *zip(*self._players, strict=True))
            try:
                wait_until(lambda: len(self.answers) >= strikes, "nothing is answered")
                strike()
            except BaseException:
                self._end = 0
                raise
            list(playing)

    def _play_one(self, chance: random.Random, requests: Iterator[_Request]) -> None:
        while len(self.answers) < self._end:
            method, target, body = next(requests)
            if chance.random() < 0.05:
                Client(self._client.path, 0.002).ask(method, target, body)  # goes away before the answer
                continue
            answer = self._do(method, target, body)
            if target.endswith("/exec") and answer.status == 201:
                self._do("POST", f"/exec/{answer.json()['Id']}/start", {"Detach": chance.random() < 0.5})

    def _do(self, method: str, target: str, body: object) -> Answer:
        answer = self._client.ask(method, target, body)
        if 0 < answer.status < 500:
            self.answers.append(answer.status)
        elif not answer.status:
            time.sleep(0.05)  # the daemon is killed
        return answer

    def _make_requests(self, chance: random.Random, client: int) -> Iterator[_Request]:
        for number in itertools.count(client, CLIENTS):
            for step in sequence(self._seed, number, device="/dev/loop99", host_users=False):
                if step.kind in ("run", "create"):
                    step = replace(step, name=chance.choice(_NAMES))
                elif step.name.startswith("c"):
                    step = replace(step, name=self._find_container(chance))
                if chance.random() < 0.6:
                    method, target, body = chance.choice(_BETWEEN)
                    # A new name can begin the ID of another one.
                    yield method, target.format(self._find_container(chance), self._find_container(chance)[:9]), body
                for kind in ("create", "start") if step.kind == "run" else (step.kind,):
                    if kind in REQUESTS and kind != "service":
                        method, target, body = REQUESTS[kind](step)
                        if kind == "create":
                            _vary(chance, body)
                        yield method, target, body

    def _find_container(self, chance: random.Random) -> str:
        """A name, or the ID of a container that is there, or its beginning."""
        if chance.random() < 0.7:
            return chance.choice(_NAMES)
        with suppress(TypeError, IndexError, KeyError):
            ids = [str(one["Id"]) for one in self._client.get("/containers/json?all=1")]
            return chance.choice(ids)[: chance.choice((4, 12, 64))]
        return "none"


def _vary(chance: random.Random, body: dict[str, Any]) -> None:
    """Half of the containers are harmless; some use others, some remove themselves, and some cannot be started."""
    if chance.random() < 0.5:
        sources = enumerate(chance.sample(pieces.HARMLESS, chance.randint(0, 2)))
        binds = [f"{source}:/m{number}:ro" for number, source in sources]
        body |= {"HostConfig": {**CONTAINER["HostConfig"], "NetworkMode": "none", "Binds": binds}}
    host = body["HostConfig"]
    if chance.random() < 0.3:
        merge(body, chance.choice(pieces.CONTAINER_FLAGS["objects"]).body)
    host |= {"AutoRemove": chance.random() < 0.2, **({"NetworkMode": "bridge"} if host.get("Links") else {})}
    if chance.random() < 0.1:
        body["Cmd"] = ["missing"]
