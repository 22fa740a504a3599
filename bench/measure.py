"""Rounds of measurements over all plugins: latencies, processor time of mixed traffic, starts."""

import json
import statistics
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from pathlib import Path

from client import Connection, latencies, pairs, pairs_of_many, throughput, turns
from envelopes import BenchRequest, mixed, requests
from growth import Curve
from lookups import LookupCost
from paused import Paused
from servers import Serving, serving
from worst import Worst

# Portero must answer rightly; what others answer is their own business.
_OURS = "portero"
_MANY = 16


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds: the median of all, the 95th percentile, the smallest and the largest median of a round."""

    median: float
    p95: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Mixed:
    """`cpu`: microseconds of processor time for a request and its result; `throughput`: lists per second.

    `cpu_of_many`, `pairs`: the same over many connections, and how many pairs they got done in a second.
    """

    cpu: float
    throughput: float
    cpu_of_many: float
    pairs: float


@dataclass(slots=True)
class Results:
    """What was measured, by plugin; `latencies` and `through` by request first or last, as they read best."""

    starts: Mapping[str, float]
    latencies: dict[str, dict[str, Latency]] = field(default_factory=dict)
    mixed: Mapping[str, Mixed] = field(default_factory=dict)
    memory: Mapping[str, float] = field(default_factory=dict)
    paused: Mapping[str, Mapping[int, Paused]] = field(default_factory=dict)
    curves: list[Curve] = field(default_factory=list)
    worst: list[Worst] = field(default_factory=list)
    shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    through: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    lookups: list[LookupCost] = field(default_factory=list)


def latencies_of_all(running: Mapping[str, Serving], rounds: int, seconds: float) -> dict[str, dict[str, Latency]]:
    """Each plugin's latencies, by request; creates with another name each time."""
    found = {}
    for request in requests():
        _check(running[_OURS].socket, request)
        found[request.name] = _compared(running, request, rounds, seconds)
    return found


def _compared(running: Mapping[str, Serving], request: BenchRequest, rounds: int, seconds: float) -> dict[str, Latency]:
    found: dict[str, list[list[float]]] = defaultdict(list)
    for name in turns(running, rounds):
        found[name].append(latencies(running[name].socket, request.data, seconds))
    return {name: _latency(found[name]) for name in running}


def cost_of_mixed_traffic(running: Mapping[str, Serving], rounds: int, seconds: float) -> dict[str, Mixed]:
    """What passes by on a host in use, one connection for the cost and many for the throughput."""
    asked = [(request.data, request.result) for request in mixed()]
    found: dict[str, list[Mixed]] = defaultdict(list)
    for name in turns(running, rounds):
        at = running[name]
        before = at.cpu()
        done = pairs(at.socket, asked, 4 * seconds)
        cost = (at.cpu() - before) / done * 1e6
        rate = throughput(at.socket, requests()[1].data, _MANY, seconds)
        before, began = at.cpu(), time.perf_counter()
        many = pairs_of_many(at.socket, asked, _MANY, 4 * seconds)
        done_by_many = many * (time.perf_counter() - began)
        found[name].append(Mixed(cost, rate, (at.cpu() - before) / done_by_many * 1e6, many))
    return {name: _median_of(found[name]) for name in running}


def starts(plugins: Mapping[str, str], folder: Path, rounds: int) -> dict[str, float]:
    """Milliseconds from the start of the process to the answer to Plugin.Activate, the median."""
    taken: dict[str, list[float]] = defaultdict(list)
    for name in turns(plugins, rounds):
        with serving(name, plugins[name], folder) as started:
            taken[name].append(started.start)
    return {name: statistics.median(taken[name]) for name in plugins}


def _check(path: Path, request: BenchRequest) -> None:
    """A fast wrong answer is no result."""
    with Connection(path) as connection:
        answer = json.loads(connection.ask(request.data))
    if answer["Allow"] is not request.allowed:
        raise RuntimeError(f"{request.name}: portero answers {answer}")


def _median_of(rounds: list[Mixed]) -> Mixed:
    return Mixed(*(statistics.median(figures) for figures in zip(*map(astuple, rounds), strict=True)))


def _latency(rounds: list[list[float]]) -> Latency:
    every = [one for taken in rounds for one in taken]
    medians = [statistics.median(taken) for taken in rounds]
    return Latency(statistics.median(every), statistics.quantiles(every, n=20)[18], min(medians), max(medians))
