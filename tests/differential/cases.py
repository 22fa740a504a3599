"""Requests by chance: the same seed and number give the same request, whatever a daemon answers."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from portero.decide.values.json_fields import JSON

from .oddities import Oddities
from .pools import POOLS, Fields, make, take
from .written import Document

# How likely each operation is.
WEIGHTS: Mapping[str, int] = {
    "ContainerCreate": 60,
    "ContainerUpdate": 9,
    "ContainerExec": 8,
    "VolumeCreate": 8,
    "NetworkCreate": 5,
    "NetworkConnect": 5,
    "ServiceCreate": 3,
    "ServiceUpdate": 2,
}
NAME = "subject"  # of what a request makes or changes
# The last ones are of 29 alone, which takes none of the first.
_VERSIONS = (
    *("1.24", "1.25", "1.30", "1.37", "1.39", "1.40", "1.41", "1.42", "1.43", "1.44", "1.45"),
    *("1.51", "1.52", "1.53", "1.54", "1.55"),
)
_NAMES = (
    *("?name=web", "?name=%77eb", "?name=a&name=b", "?Name=a", "?name=a+b", "?x=1&name=web-2", "?name="),
    "?platform=linux",
)


@dataclass(frozen=True, slots=True)
class Case:
    """One request. `starts`: its container or exec is started, so that something reaches runc."""

    operation: str
    target: str  # of update, exec, connect and service update the object is put in for {}
    document: Document
    starts: bool

    def __str__(self) -> str:
        body = self.document.encode()
        text = body.decode() if body.isascii() and b"\x00" not in body else repr(body)
        return f"{self.operation} POST {self.target}\n  {text}"


def make_case(seed: int, number: int) -> Case:
    """The request `number` of a seed."""
    choose = random.Random(f"{seed}/{number}")
    operation = choose.choices([*WEIGHTS], [*WEIGHTS.values()])[0]
    target, value = _MAKERS[operation](choose)
    if choose.random() < 0.2:
        target = f"/v{choose.choice(_VERSIONS)}{target}"
    return Case(operation, target, Oddities(choose).document(value), choose.random() < 0.4)


def _few(choose: random.Random, fields: Fields, most: int) -> dict[str, JSON]:
    return take(choose, fields, choose.choice((0, 1, 1, 2, 3, most)))


def _create(choose: random.Random) -> tuple[str, JSON]:
    settings = {"NetworkMode": "none", **_few(choose, {**POOLS["Resources"], **POOLS["HostConfig"]}, 7)}
    body: dict[str, JSON] = {"Image": "busybox", **_few(choose, POOLS["Config"], 5), "HostConfig": settings}
    if choose.random() < 0.15:
        names = choose.sample(("other", "bridge", "none", "nope"), choose.choice((1, 1, 1, 2)))
        settings["NetworkMode"] = choose.choice((names[0], "default", "none"))
        body["NetworkingConfig"] = {"EndpointsConfig": {name: make(choose, "endpoint") for name in names}}
    return f"/containers/create{choose.choice(_NAMES) if choose.random() < 0.25 else ''}", body


def _update(choose: random.Random) -> tuple[str, JSON]:
    return "/containers/{}/update", _few(choose, {**POOLS["Resources"], "RestartPolicy": "restart"}, 5)


def _exec(choose: random.Random) -> tuple[str, JSON]:
    return "/containers/{}/exec", {"Cmd": choose.choice((["true"], ["a", "<b>"])), **_few(choose, POOLS["Exec"], 5)}


def _volume(choose: random.Random) -> tuple[str, JSON]:
    return "/volumes/create", {"Name": NAME, **_few(choose, POOLS["Volume"], 4)}


def _network(choose: random.Random) -> tuple[str, JSON]:
    return "/networks/create", {"Name": NAME, **_few(choose, POOLS["Network"], 5)}


def _connect(choose: random.Random) -> tuple[str, JSON]:
    return "/networks/other/connect", {"Container": NAME, "EndpointConfig": make(choose, "endpoint")}


def _spec(choose: random.Random) -> JSON:
    """Of a service; most run nothing."""
    container = {"Image": "busybox", **take(choose, POOLS["ContainerSpec"], choose.choice((0, 1, 2, 4)))}
    task = {"ContainerSpec": container, **take(choose, POOLS["TaskTemplate"], choose.choice((0, 0, 1, 2)))}
    return {"Name": NAME, "TaskTemplate": task, **take(choose, POOLS["Service"], choose.choice((0, 1, 1, 2)))}


_MAKERS: Mapping[str, Callable[[random.Random], tuple[str, JSON]]] = {
    "ContainerCreate": _create,
    "ContainerUpdate": _update,
    "ContainerExec": _exec,
    "VolumeCreate": _volume,
    "NetworkCreate": _network,
    "NetworkConnect": _connect,
    "ServiceCreate": lambda choose: ("/services/create", _spec(choose)),
    "ServiceUpdate": lambda choose: ("/services/{}/update?version={version}", _spec(choose)),
}
