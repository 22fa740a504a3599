"""Four clients at once do random operations at one daemon, and go away in the middle of some; all by a seed."""

import json
import random
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from tests.e2e.rawhttp import Client, render

CLIENTS = 4
_NAMES = ("one", "two", "three", "four", "five", "cafe", "beef")
_FOLDERS = ("/srv/media", "/srv/media/movies", "/srv/data", "/srv/app")
_VOLUMES = ("data", "cache")
_NETWORKS = ("front", "back")
_Request = tuple[str, str, object]


class Crowd:
    """`play` does so many operations."""

    def __init__(self, path: Path, seed: int) -> None:
        self._path = path
        self._seeds = random.Random(seed)

    def play(self, operations: int) -> None:
        seeds = [self._seeds.random() for _ in range(CLIENTS)]
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(lambda seed: self._play_one(seed, operations // CLIENTS), seeds))

    def _play_one(self, seed: float, operations: int) -> None:
        chance = random.Random(seed)
        for _ in range(operations):
            method, target, body = chance.choices([*_MAKERS], [*_MAKERS.values()])[0](self, chance)
            # The daemon and Portero are killed meanwhile.
            with suppress(OSError, ValueError):
                if chance.random() < 0.05:
                    self._hang_up(method, target, body)
                else:
                    Client(self._path, 30).ask(method, target, body)

    def _hang_up(self, method: str, target: str, body: object) -> None:
        """Go away before the answer."""
        headers = [("Content-Type", "application/json")] if body is not None else []
        data = b"" if body is None else json.dumps(body).encode()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self._path))
            client.sendall(render(method, target, headers, data))

    def name(self, chance: random.Random) -> str:
        """A name, or the ID of a container that is there, or its beginning."""
        if chance.random() < 0.7:
            return chance.choice(_NAMES)
        with suppress(OSError, ValueError):
            ids = [one["Id"] for one in Client(self._path, 30).get("/containers/json?all=1")]
            if ids:
                return str(chance.choice(ids))[: chance.choice((4, 12, 64))]
        return "none"


def _create(crowd: Crowd, chance: random.Random) -> _Request:
    binds = [f"{folder}:/m{number}:ro" for number, folder in enumerate(chance.sample(_FOLDERS, chance.randint(0, 2)))]
    if chance.random() < 0.3:
        binds.append(f"{chance.choice(_VOLUMES)}:/v")
    host: dict[str, object] = {"Binds": binds, "Memory": 1 << 26, "NetworkMode": "none"}
    host["AutoRemove"] = chance.random() < 0.2
    if not host["AutoRemove"] and chance.random() < 0.2:
        host["RestartPolicy"] = {"Name": "on-failure", "MaximumRetryCount": 2}
    command = chance.choice((["sleep", "30"], ["true"], ["false"], ["missing"]))
    name = f"?name={chance.choice(_NAMES)}" if chance.random() < 0.9 else ""
    return "POST", f"/containers/create{name}", {"Image": "busybox", "Cmd": command, "HostConfig": host}


def _rename(crowd: Crowd, chance: random.Random) -> _Request:
    # A name that begins the ID of another one, too.
    other = crowd.name(chance)[:12]
    return "POST", f"/containers/{crowd.name(chance)}/rename?name={other}", None


def _on(method: str, target: str, body: object = None) -> Callable[[Crowd, random.Random], _Request]:
    return lambda crowd, chance: (method, target.format(crowd.name(chance)), body)


def _network(crowd: Crowd, chance: random.Random) -> _Request:
    verb = chance.choice(("connect", "disconnect"))
    return "POST", f"/networks/{chance.choice(_NETWORKS)}/{verb}", {"Container": crowd.name(chance)}


def _other(crowd: Crowd, chance: random.Random) -> _Request:
    return chance.choice(
        (
            ("POST", "/networks/create", {"Name": chance.choice(_NETWORKS), "Internal": True}),
            ("DELETE", f"/networks/{chance.choice(_NETWORKS)}", None),
            ("POST", "/volumes/create", {"Name": chance.choice(_VOLUMES)}),
            ("DELETE", f"/volumes/{chance.choice(_VOLUMES)}", None),
        )
    )


# Each with how often it comes.
_MAKERS: Mapping[Callable[[Crowd, random.Random], _Request], int] = {
    _create: 30,
    _rename: 8,
    _network: 6,
    _other: 6,
    _on("POST", "/containers/{}/start"): 20,
    _on("POST", "/containers/{}/stop?t=0"): 5,
    _on("POST", "/containers/{}/kill"): 3,
    _on("POST", "/containers/{}/restart?t=0"): 3,
    _on("POST", "/containers/{}/update", {"Memory": 1 << 27, "MemorySwap": 1 << 28}): 6,
    _on("POST", "/containers/{}/exec", {"Cmd": ["true"]}): 6,
    _on("POST", "/containers/{}/exec", {"Cmd": ["true"], "User": "1", "Privileged": False}): 6,
    _on("DELETE", "/containers/{}?force=1"): 12,
    lambda crowd, chance: ("POST", "/containers/prune", None): 1,
}
