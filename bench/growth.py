"""How the time of an answer grows with the body, the mounts, rules of other operations, and connections."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from client import latencies, throughput, turns
from envelopes import BenchRequest, create, requests
from servers import Serving, serving

_BODIES = (1, 4, 16, 64, 256, 1024, 3072)
_MOUNTS = (1, 10, 100, 1000)
_BUILT_IN = Path(__file__).resolve().parents[1] / "schemas" / "rules"
# So many more than the built-in ones.
_RULES = (0, 120, 240, 480)
_ROUNDS = 6
_CONNECTIONS = (1, 2, 4, 8, 16, 32, 64)


@dataclass(frozen=True, slots=True)
class Curve:
    """`points`: a figure for each step of `steps`, for each plugin."""

    title: str
    steps: str
    unit: str
    points: Mapping[str, Sequence[tuple[float, float]]]


def of_plugins(running: Mapping[str, Serving], seconds: float) -> list[Curve]:
    """The curves that need nothing but the plugins themselves; each step is taken by all of them before the next."""
    bodies = {kilobytes: create("body", kilobytes * 1024) for kilobytes in _BODIES}
    mounts = {number: create("mounts", 0, number) for number in _MOUNTS}
    listing = requests()[1]
    return [
        _curve("Body of a create", "KiB", "ms", running, _BODIES, lambda at, step: _median(at, bodies[step], seconds)),
        _curve(
            "Mounts of a create", "mounts", "ms", running, _MOUNTS, lambda at, step: _median(at, mounts[step], seconds)
        ),
        _curve(
            "Connections, list",
            "connections",
            "answers/s",
            running,
            _CONNECTIONS,
            lambda at, step: throughput(at.socket, listing.data, step, seconds),
        ),
    ]


def of_rules(command: str, folder: Path, seconds: float) -> Curve:
    """Portero with more and more rules about operations that are not asked for."""
    asked, built_in = create("create", 2_000), len([*_BUILT_IN.rglob("*.json")])
    taken: dict[int, list[float]] = {number: [] for number in _RULES}
    with ExitStack() as stack:
        running = {}
        for number in _RULES:
            more = f" --schemas {_rules(folder / f'rules-{number}', number)}" if number else ""
            running[number] = stack.enter_context(serving(f"rules-{number}", command + more, folder))
        for number in turns(_RULES, _ROUNDS):
            taken[number] += latencies(running[number].socket, asked.data, seconds)
    points = [(float(built_in + number), median(found)) for number, found in taken.items()]
    return Curve("Rules, the added ones of other operations", "rules", "ms", {"portero": points})


def _curve(
    title: str,
    steps: str,
    unit: str,
    running: Mapping[str, Serving],
    taken: Sequence[int],
    figure: Callable[[Serving, int], float],
) -> Curve:
    points: dict[str, list[tuple[float, float]]] = {name: [] for name in running}
    for step in taken:
        for name, at in running.items():
            points[name].append((float(step), figure(at, step)))
    return Curve(title, steps, unit, points)


def _median(at: Serving, request: BenchRequest, seconds: float) -> float:
    return median(latencies(at.socket, request.data, seconds))


def _rules(folder: Path, number: int) -> Path:
    """A policy folder with so many rules that have a say only in DELETE /networks/{id}."""
    topic = folder / "rules" / "bench"
    topic.mkdir(parents=True)
    for place in range(number):
        (topic / f"kept-network-{place}.json").write_text(json.dumps(_rule(f"kept-{place}")))
    return folder


def _rule(network: str) -> dict[str, object]:
    return {
        "$schema": "../../rule.json",
        "title": "This network is kept",
        "reason": "It is in use.",
        "remedy": {"docker": "leave it alone"},
        "level": "baseline",
        "threats": ["denial-of-service"],
        "sources": ["Portero"],
        "operations": ["NetworkDelete"],
        "properties": {"path": {"properties": {"id": {"not": {"const": network}}}}},
        "allows": {"docker network rm other": {"path": {"id": "other"}}},
        "denies": {f"docker network rm {network}": {"path": {"id": network}}},
    }
