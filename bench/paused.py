"""A create after a pause, on a host with many processes: what Portero reads every few seconds must delay no request."""

import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median

from client import Connection, turns
from envelopes import create
from servers import Serving

# Longer than Portero's readings are apart.
SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class Paused:
    """Milliseconds of the first create after a pause: the median, and the slowest."""

    median: float
    slowest: float


def measured(running: Mapping[str, Serving], times: int, crowd: int, pause: float) -> dict[str, dict[int, Paused]]:
    """Each plugin, beside no further processes and beside a crowd of so many."""
    found: dict[str, dict[int, Paused]] = {name: {} for name in running}
    for number in (0, crowd):
        with _crowd(number):
            for name, taken in _ask(running, times, pause).items():
                found[name][number] = Paused(median(taken), max(taken))
    return found


def _ask(running: Mapping[str, Serving], times: int, pause: float) -> dict[str, list[float]]:
    asked = create("create", 2_000).data
    taken: dict[str, list[float]] = defaultdict(list)
    for place, name in enumerate(turns(running, times)):
        if place % len(running) == 0:
            time.sleep(pause)
        with Connection(running[name].socket) as connection:
            began = time.perf_counter()
            connection.ask(asked)
            taken[name].append((time.perf_counter() - began) * 1000)
    return taken


@contextmanager
def _crowd(number: int) -> Iterator[None]:
    """So many processes that do nothing."""
    with ExitStack() as ends:
        for _ in range(number):
            process = ends.enter_context(subprocess.Popen(["/bin/sleep", "infinity"]))
            ends.callback(process.kill)
        yield
