"""The results for people, as one page of Markdown: docs/benchmarks.md."""

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby
from pathlib import Path

from lookups import LookupCost
from measure import Results
from paused import Paused
from worst import Worst

_HEAD = """# What a decision costs

`make bench BENCH="--shares --growth --worst --paused --dockerd --write docs/benchmarks.md"` made this page on {day}, on
{machine}.
`allow-go` and `allow-flask` are plugins of a few lines that decode the request and allow everything (bench/allow.go:
Go's net/http, where Go is installed; bench/allow_flask.py: flask, gunicorn's threads); ratios are to the first. All
plugins run side by side and are asked in turns, A B C, C B A; numbers are medians, in brackets the smallest and the
largest median of a round. One more plugin is measured in the same run with `--plugin name='command {{socket}}'`.
"""


def page(results: Results, day: date, note: str) -> str:
    """The page; `note`: a remark about the measurement."""
    parts = [
        _HEAD.format(day=day.isoformat(), machine=_machine()),
        *([f"{note}\n"] if note else []),
        "## Latency of one AuthZReq, milliseconds\n\n" + _LATENCIES,
        _latencies(results),
        "## Processes\n\n" + _PROCESSES,
        _processes(results),
    ]
    if results.shares:
        parts += ["## Where the time of a decision goes, microseconds\n\n" + _SHARES, _shares(results.shares)]
    if results.paused:
        parts += ["## After a pause, milliseconds\n\n" + _PAUSES, _paused(results.paused)]
    if results.worst:
        parts += ["## The worst bodies, milliseconds\n\n" + _WORST_BODIES, _worst(results.worst)]
    if results.curves:
        parts += ["## Growth\n\n![growth curves](benchmarks.svg)\n", *_curves(results)]
    if results.through:
        parts += ["## Through a real dockerd, milliseconds\n\n" + _THROUGH, _through(results.through)]
    if results.lookups:
        parts += ["## Lookups of existing objects, milliseconds\n\n" + _LOOKUPS, _lookups(results.lookups)]
    return "\n".join(parts)


_LATENCIES = """One connection, which is kept. Each create names another container.
"""
_PROCESSES = """Start: from the start of the process to its answer to Plugin.Activate. Memory: proportional set size of
all processes after the load. CPU: processor time for a request and its result, of mixed traffic (nine of ten only
look, one creates a container), over one connection and over 16. Throughput over 16 connections: lists, and pairs of
mixed traffic; the client takes a part of the machine.
"""
_SHARES = """Processor time of Portero alone, without HTTP, by folder of the package (the map in CONTRIBUTING lists
them); sampled every few milliseconds. Time of libraries and of the kernel counts for the folder that called them.
"""
# Folders that take less of every request are one row, in microseconds.
_SMALL = 5
_PAUSES = """A create over a new connection, 6 seconds after the one before: the median, in brackets the slowest.
Portero reads every few seconds where the processes of the host listen.
"""
_WORST_BODIES = """Every list and map of every body as long as Portero reads it, and what others wait meanwhile: the
slowest ping over six other connections. The first row is without such a body; then the fields with the slowest pings.
"""
# Rows of the worst bodies that are shown.
_SHOWN = 10
_THROUGH = """The client's whole call; dockerd asks the plugin twice for each that is carried out. The create names an
image that is not there, so that dockerd answers at once; one names neither volumes nor networks that Portero would ask
dockerd about.
"""
_LOOKUPS = """The client's whole call, median and p95. `start` is of a container that runs already, `exec` only makes
a command, the creates name an image that is not there: dockerd answers each at once. Every container has a bind and
2 KB of labels.
"""


def _latencies(results: Results) -> str:
    baseline, *names = next(iter(results.latencies.values()))
    rows = []
    for request, each in results.latencies.items():
        cells = [f"{one.median:.3f} ({one.least:.3f} to {one.most:.3f}), p95 {one.p95:.3f}" for one in each.values()]
        ratios = [f"{each[name].median / each[baseline].median:.2f}" for name in names]
        rows.append([request, *cells, *ratios])
    return _table(["", baseline, *names, *(f"ratio of {name}" for name in names)], rows)


def _processes(results: Results) -> str:
    rows = [
        [
            name,
            f"{results.starts[name]:.0f} ms",
            f"{results.memory[name]:.0f} MiB",
            f"{mixed.cpu:.0f} µs",
            f"{mixed.cpu_of_many:.0f} µs",
            f"{mixed.throughput:.0f} /s",
            f"{mixed.pairs:.0f} /s",
        ]
        for name, mixed in results.mixed.items()
    ]
    return _table(["", "start", "memory", "CPU per pair", "CPU per pair of 16", "lists", "pairs"], rows)


def _shares(found: Mapping[str, Mapping[str, float]]) -> str:
    folders = sorted({folder for each in found.values() for folder in each})
    large = [folder for folder in folders if max(each.get(folder, 0) for each in found.values()) >= _SMALL]
    rows = [[folder, *(f"{each.get(folder, 0):.0f}" for each in found.values())] for folder in large]
    rest = [sum(time for folder, time in each.items() if folder not in large) for each in found.values()]
    rows += [["others", *(f"{time:.0f}" for time in rest)]]
    rows += [["together", *(f"{sum(each.values()):.0f}" for each in found.values())]]
    return _table(["", *found], rows)


def _paused(found: Mapping[str, Mapping[int, Paused]]) -> str:
    numbers = [*next(iter(found.values()))]
    rows = [
        [name, *(f"{each[number].median:.2f} ({each[number].slowest:.2f})" for number in numbers)]
        for name, each in found.items()
    ]
    return _table(["", *(f"{number:,} more processes" if number else "host as it is" for number in numbers)], rows)


def _worst(found: Sequence[Worst]) -> str:
    shown = [*found[: 1 + _SHOWN], max(found, key=lambda one: one.answer)]
    rows = [[one.field, f"{one.kilobytes:.0f}", f"{one.answer:.0f}", f"{one.ping:.0f}"] for one in dict.fromkeys(shown)]
    return _table(["field", "KiB", "answer", "slowest ping of others"], rows)


def _curves(results: Results) -> list[str]:
    tables = []
    for curve in results.curves:
        steps = [step for step, _ in next(iter(curve.points.values()))]
        rows = [[name, *(_short(figure) for _, figure in line)] for name, line in curve.points.items()]
        tables.append(_table([f"{curve.title}, {curve.unit}", *(f"{step:g}" for step in steps)], rows))
    return tables


def _through(found: Mapping[str, Mapping[str, float]]) -> str:
    without = next(iter(found.values()))
    rows = [
        [name, *(f"{each[call]:.2f} (+{each[call] - without[call]:.2f})" for call in without)]
        for name, each in found.items()
    ]
    return _table(["", *without], rows)


def _lookups(found: Sequence[LookupCost]) -> str:
    calls = [*dict.fromkeys(one.call for one in found)]
    rows = [
        [str(containers), plugin, *(f"{one.median:.2f}, p95 {one.p95:.2f}" for one in costs)]
        for (containers, plugin), costs in groupby(found, key=lambda one: (one.containers, one.plugin))
    ]
    return _table(["containers", "plugin", *calls], rows)


def _short(figure: float) -> str:
    return f"{figure:.2f}" if figure < 100 else f"{figure:.0f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    python = platform.python_version()
    return f"{os.cpu_count()} virtual processors ({model}), Linux {platform.release()}, Python {python}"
