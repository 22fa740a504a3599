"""Every list and map of every body as long as Portero reads it: the answer's time, and what pings of others lose."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from client import Connection
from envelopes import BenchRequest, request, requests

from portero.decide.reading.body_decoder import LONG, MAX_ENTRIES, MAX_LONG
from portero.decide.reading.shapes import ListOf, MapOf, Scalar, Shape, Struct
from portero.observe.stores.api_tables import load_api

# Connections of others: some are served by the process that judges the worst body.
_OTHERS = 6
_AHEAD = 0.02
# About as long as the worst body takes.
_NOTHING = 0.3
_PING = requests()[0].data


@dataclass(frozen=True, slots=True)
class Worst:
    """A field filled to its bound. Milliseconds, medians: its answer, and the slowest ping of others meanwhile."""

    field: str
    kilobytes: float
    answer: float
    ping: float


def measured(path: Path, rounds: int, most: int) -> list[Worst]:
    """Each of the first `most` fields, the slowest ping first; above it what pings take while nothing else is asked."""
    found = [_measure(path, name, asked.data, rounds) for name, asked in [*bodies()][:most]]
    return [_measure(path, "nothing", b"", rounds), *sorted(found, key=lambda worst: -worst.ping)]


def bodies() -> Iterator[tuple[str, BenchRequest]]:
    """A request for each list and map that is not within another one, by operation and field."""
    routes, shapes = load_api()
    for operation in routes.operations:
        shape = shapes.by_operation.get(operation.id)
        uri = "/v1.45" + "".join(
            "/abc" if part.startswith("{") else f"/{part}" for part in operation.path.split("/")[1:]
        )
        for path, many in _lists(shape) if shape else ():
            name = f"{operation.id} {'.'.join(path)}"
            yield name, request(name, operation.method, uri, _filled(path, many), allowed=False)


def _measure(path: Path, name: str, asked: bytes, rounds: int) -> Worst:
    taken = [_ask(path, asked) for _ in range(rounds)]
    answer, ping = (median(each) for each in zip(*taken, strict=True))
    return Worst(name, len(asked) / 1024, answer, ping)


def _ask(path: Path, asked: bytes) -> tuple[float, float]:
    """Milliseconds of the answer, and of the slowest ping meanwhile."""
    pings: list[float] = []
    answered = threading.Event()
    with ExitStack() as ends, Connection(path) as connection:
        others = [ends.enter_context(Connection(path)) for _ in range(_OTHERS)]
        pinging = threading.Thread(target=_ping, args=(others, answered, pings))
        pinging.start()
        time.sleep(_AHEAD)
        began = time.perf_counter()
        if asked:
            connection.ask(asked)
        else:
            time.sleep(_NOTHING)
        taken = time.perf_counter() - began
        answered.set()
        pinging.join()
    return taken * 1000, max(pings)


def _ping(others: list[Connection], answered: threading.Event, pings: list[float]) -> None:
    while not answered.is_set():
        for connection in others:
            began = time.perf_counter()
            connection.ask(_PING)
            pings.append((time.perf_counter() - began) * 1000)


def _lists(shape: Shape, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], ListOf | MapOf]]:
    if isinstance(shape, ListOf | MapOf):
        yield path, shape
    elif shape == Scalar("strslice"):
        yield path, ListOf(Scalar("string"))
    elif isinstance(shape, Struct):
        for field in shape.fields.values():
            yield from _lists(field.shape, (*path, field.name))


def _filled(path: tuple[str, ...], shape: ListOf | MapOf) -> Any:
    most = MAX_LONG if LONG.intersection(path[-1:]) else MAX_ENTRIES
    many = [_entry(shape.items, number) for number in range(most)]
    value: Any = many if isinstance(shape, ListOf) else {f"{n}/tcp": each for n, each in enumerate(many)}
    for name in reversed(path):
        value = {name: value}
    return value


def _entry(shape: Shape, number: int) -> Any:
    if isinstance(shape, Scalar):
        words = f"/srv/v{number}:/x{number}"
        return {"string": words, "strslice": words, "bool": True}.get(shape.kind, number % 200)
    if isinstance(shape, ListOf):
        return [_entry(shape.items, number)]
    if isinstance(shape, MapOf):
        return {f"k{number}": _entry(shape.items, number)}
    return {
        name: _entry(field.shape, number) for name, field in shape.fields.items() if isinstance(field.shape, Scalar)
    }
