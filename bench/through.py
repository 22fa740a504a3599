"""What each plugin adds to a call of a real dockerd: on a throw-away host, the plugins taking turns."""

import json
import statistics
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from client import NAME, Connection, latencies, turns
from envelopes import container
from servers import argv

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.e2e.guarded import PLUGIN_SOCKET, GuardedDocker
from tests.e2e.host import missing
from tests.e2e.rawhttp import render

UNGUARDED = "no plugin"
_CREATE = f"/v1.45/containers/create?name={NAME.decode()}"
_KEPT = [("Connection", "keep-alive")]


def calls() -> dict[str, tuple[bytes, bytes]]:
    """Calls that dockerd itself answers at once, and what is in its answer (the image of the create is not there)."""
    image = {"Image": "missing.example.com/none:1"}
    body = json.dumps(container(2_000) | image).encode()
    alone = json.dumps(container(2_000, Binds=[], NetworkMode="none") | image | {"NetworkingConfig": {}}).encode()
    typed = [*_KEPT, ("Content-Type", "application/json")]
    return {
        "ping": (render("GET", "/_ping", _KEPT), b"OK"),
        "list": (render("GET", "/v1.45/containers/json", _KEPT), b"[]"),
        "create, no lookups": (render("POST", _CREATE, typed, alone), b"No such image"),
        "create": (render("POST", _CREATE, typed, body), b"No such image"),
    }


def measured(commands: Mapping[str, str], rounds: int, seconds: float) -> dict[str, dict[str, float]]:
    """Median milliseconds of each call, without a plugin and under each; RuntimeError where no dockerd can be had."""
    if reason := missing():
        raise RuntimeError(reason)
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with GuardedDocker() as docker:
        docker.unguard()
        _take(docker, found[UNGUARDED], seconds)
        docker.guard()
        for name in turns(commands, rounds):
            docker.replace_plugin(argv(commands[name], PLUGIN_SOCKET))
            _take(docker, found[name], seconds)
        docker.unguard()
        _take(docker, found[UNGUARDED], seconds)
    return {name: {call: statistics.median(taken) for call, taken in each.items()} for name, each in found.items()}


def _take(docker: GuardedDocker, found: dict[str, list[float]], seconds: float) -> None:
    for name, (call, due) in calls().items():
        with Connection(docker.socket) as connection:
            answer = connection.ask(call)
        if due not in answer:
            raise RuntimeError(f"{name}: dockerd answers {answer[:400]!r}")
        found[name] += latencies(docker.socket, call, seconds)
