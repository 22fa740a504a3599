"""What lookups of existing objects cost: calls of a real dockerd with few and with many containers."""

import json
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from client import NAME, Connection, latencies, turns
from envelopes import container
from servers import argv

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.e2e.guarded import PLUGIN_SOCKET, GuardedDocker
from tests.e2e.host import missing
from tests.e2e.rawhttp import render

_NUMBERS = (200, 2_000)
_ROUNDS = 4
# Until Portero has read what there is; and calls that are not measured, in which it reads of each container once what
# it can write.
_READ_SECONDS, _FIRST_CALLS = 8.0, 80
_KEPT = [("Connection", "keep-alive")]
_TYPED = [*_KEPT, ("Content-Type", "application/json")]
_NO_PLUGIN = "no plugin"
_CREATE = f"/v1.45/containers/create?name={NAME.decode()}"
# A long answer comes in chunks, which the client of this benchmark does not read.
_ONLY_WEB = "%7B%22name%22%3A%5B%22%5E%2Fweb%24%22%5D%7D"


@dataclass(frozen=True, slots=True)
class LookupCost:
    """Milliseconds of the client's whole call, with so many containers."""

    containers: int
    plugin: str
    call: str
    median: float
    p95: float


def measured(plugins: Mapping[str, str], seconds: float) -> list[LookupCost]:
    """Each call without a plugin, and with each; RuntimeError where no dockerd can be had."""
    if reason := missing():
        raise RuntimeError(reason)
    commands = {_NO_PLUGIN: None, **plugins}
    found: dict[tuple[int, str, str], list[float]] = defaultdict(list)
    with GuardedDocker() as docker:
        docker.unguard()
        _prepare(docker)
        there = 1
        for number in _NUMBERS:
            _create(docker, number - there)
            there = number
            for name in turns(commands, _ROUNDS):
                _switch(docker, commands[name])
                _warm(docker)
                for call, asked in _calls().items():
                    found[number, name, call] += _take(docker, call, asked, seconds)
    return [
        LookupCost(number, name, call, statistics.median(taken), statistics.quantiles(taken, n=20)[18])
        for (number, name, call), taken in found.items()
    ]


def _switch(docker: GuardedDocker, command: str | None) -> None:
    docker.unguard()
    if command is not None:
        docker.replace_plugin(argv(command, PLUGIN_SOCKET))
        docker.guard()


def _warm(docker: GuardedDocker) -> None:
    for pause in (_READ_SECONDS, 0.0):
        for request, _ in _calls().values():
            with Connection(docker.socket) as connection:
                for _ in range(1 if pause else _FIRST_CALLS):
                    connection.ask(request)
        time.sleep(pause)


def _prepare(docker: GuardedDocker) -> None:
    """A container that runs, as the profile asks for one."""
    body = container(0, Binds=[], NetworkMode="none", PortBindings={}) | {
        "Image": "busybox:latest",
        "Cmd": ["sleep", "99999"],
        "WorkingDir": "/",
        "NetworkingConfig": {},
    }
    # The one that the creates join.
    docker.client.ask("POST", "/networks/create", {"Name": "shop"})
    made = docker.client.ask("POST", "/containers/create?name=web", body)
    started = docker.client.ask("POST", "/containers/web/start")
    if started.status != 204:
        raise RuntimeError(f"no container runs: {made.message} {started.message}")


def _create(docker: GuardedDocker, number: int) -> None:
    """So many containers, each with a bind and the labels of compose."""
    body = container(2_000, NetworkMode="none", Binds=["/etc/localtime:/etc/localtime:ro"], PortBindings={}) | {
        "Image": "busybox:latest",
        "NetworkingConfig": {},
    }
    for _ in range(number):
        answer = docker.client.ask("POST", "/containers/create", body)
        if answer.status != 201:
            raise RuntimeError(f"no container: {answer.message}")


def _calls() -> Mapping[str, tuple[bytes, bytes]]:
    """Calls that dockerd answers at once, and what is in its answer: web runs already, the image is not there."""
    plain = container(2_000, Binds=[]) | {"Image": "missing.example.com/none:1"}
    bound = container(2_000, Binds=["/etc/localtime:/etc/localtime:ro"]) | {"Image": "missing.example.com/none:1"}
    exec = {"Cmd": ["true"], "User": "10001:10001"}
    return {
        "ping": (render("GET", "/_ping", _KEPT), b"OK"),
        "list": (render("GET", f"/v1.45/containers/json?filters={_ONLY_WEB}", _KEPT), b"web"),
        "start": (render("POST", "/v1.45/containers/web/start", _KEPT), b""),
        "exec": (render("POST", "/v1.45/containers/web/exec", _TYPED, json.dumps(exec).encode()), b'"Id"'),
        "create": (
            render("POST", _CREATE, _TYPED, json.dumps(plain).encode()),
            b"No such image",
        ),
        "create with a bind": (
            render("POST", _CREATE, _TYPED, json.dumps(bound).encode()),
            b"No such image",
        ),
    }


def _take(docker: GuardedDocker, call: str, asked: tuple[bytes, bytes], seconds: float) -> list[float]:
    request, due = asked
    with Connection(docker.socket) as connection:
        answer = connection.ask(request)
    if due not in answer or b"denied" in answer:
        raise RuntimeError(f"{call}: dockerd answers {answer[:400]!r}")
    return latencies(docker.socket, request, seconds)
