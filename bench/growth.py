"""How the time of an answer grows with the body, the mounts, connections, and what a policy holds."""

import json
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from client import latencies, throughput, turns
from envelopes import BenchRequest, create, requests
from servers import Serving, serving

_BODIES = (1, 4, 16, 64, 256, 1024, 3072)
_MOUNTS = (1, 10, 100, 1000)
_MORE = (1, 100, 1000, 3000)
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


def of_policies(command: str, folder: Path, seconds: float, most: int) -> Iterator[Curve]:
    """Portero with larger and larger policies, of at most so many entries: the answer, and the start."""
    steps = [more for more in _MORE if more <= most]
    allowed, refused = create("create", 2_000), create("refused", 2_000, Privileged=True)
    kinds: list[tuple[str, Callable[[int], str], Callable[[int], object], BenchRequest]] = [
        ("Rules of other operations", _rule_file, lambda number: _rule(number, "NetworkDelete"), allowed),
        ("Rules of this operation", _rule_file, lambda number: _rule(number, "ContainerCreate"), allowed),
        ("Exceptions for the violated rule", _exception_file, _exception, refused),
    ]
    for name, file, content, asked in kinds:
        made = {more: _policy(folder / f"{name}-{more}", {file(n): content(n) for n in range(more)}) for more in steps}
        yield from _of_policy(name, command, made, asked, seconds)
    made = {
        more: _policy(folder / f"sources-{more}", {"site.json": {"bind-sources-read-only": _sources(more)}})
        for more in steps
    }
    yield from _of_policy("Listed sources", command, made, allowed, seconds)


def _of_policy(
    name: str, command: str, made: Mapping[int, Path], asked: BenchRequest, seconds: float
) -> Iterator[Curve]:
    taken: dict[int, list[float]] = {more: [] for more in made}
    with ExitStack() as stack:
        running = {
            more: stack.enter_context(serving(path.name, f"{command} --schemas {shlex.quote(str(path))}", path.parent))
            for more, path in made.items()
        }
        for more in turns(made, _ROUNDS):
            taken[more] += latencies(running[more].socket, asked.data, seconds)
        starts = [(float(more), at.start) for more, at in running.items()]
    answers = [(float(more), median(found)) for more, found in taken.items()]
    yield Curve(name, "more", "ms", {"portero": answers})
    yield Curve(f"{name}, start", "more", "ms", {"portero": starts})


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


def _policy(folder: Path, files: Mapping[str, object]) -> Path:
    """A policy folder with these files, which may be none."""
    for name, content in ({"site.json": {}} | dict(files)).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(content))
    return folder


def _rule_file(number: int) -> str:
    return f"rules/bench/no-name-{number}.json"


def _exception_file(number: int) -> str:
    return f"exceptions/bench-{number}.json"


def _rule(number: int, operation: str) -> dict[str, object]:
    """A rule that no request of the bench violates."""
    return {
        "$schema": "../../rule.json",
        "dialect": 2,
        "title": "This name is not used",
        "reason": "It is reserved.",
        "remedy": {"docker": "choose another name"},
        "level": "baseline",
        "threats": ["denial-of-service"],
        "sources": ["Portero"],
        "operations": [operation],
        "properties": {"query": {"properties": {"name": {"items": {"not": {"const": f"reserved-{number}"}}}}}},
        "allows": {"docker run --name other": {"query": {"name": ["other"]}}},
        "denies": {f"docker run --name reserved-{number}": {"query": {"name": [f"reserved-{number}"]}}},
    }


def _exception(number: int) -> dict[str, object]:
    """An exception that matches no request of the bench."""
    image = {"properties": {"registry": {"const": "registry.example.com"}, "repository": {"const": f"shop/{number}"}}}
    return {
        "$schema": "../exception.json",
        "dialect": 2,
        "rules": ["no-privileged"],
        "match": {"properties": {"facts": {"properties": {"image": image}}}},
        "reason": "The probe needs it.",
        "owner": "operations",
        "expires": "2099-12-31",
    }


def _sources(number: int) -> list[str]:
    return [f"/srv/customers/customer-{place}/data" for place in range(number)]
