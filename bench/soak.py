"""A soak: millions of mixed requests to `portero serve`, no two alike, with the log rotated each minute.

It reports answers that are wrong, log lines that are missing or malformed, internal errors, and for each minute the
memory, threads and descriptors of Portero's processes. An interrupt (Ctrl-C) ends it early, with the sums so far. Exit
status: 1 when anything is wrong or memory grows.
"""

import argparse
import json
import random
import selectors
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from client import Connection
from envelopes import BenchRequest, varied
from servers import Serving, end_at_sigterm, portero, serving

# dockerd keeps connections, but not for ever.
_RECONNECT_AFTER = 2_000
# Memory is settled after this part of the run; later it may grow by this factor.
_SETTLED = 0.2
_GROWTH = 1.1
# Seconds after which no writer has a log open any more that was moved away.
_UNDER_WAY = 5.0


@dataclass(slots=True)
class Minute:
    """What a minute ended with: answers so far, MiB that are no file, threads and descriptors of all processes."""

    seconds: float
    asked: int
    memory: float
    threads: int
    descriptors: int


@dataclass(slots=True)
class Soak:
    """The sums so far."""

    asked: int = 0
    wrong: int = 0
    lines: int = 0
    malformed: int = 0
    internal: int = 0
    minutes: list[Minute] = field(default_factory=list)

    def read_log(self, log: Path) -> None:
        """Count the lines of a log that nothing writes to any more, and remove it."""
        with log.open("rb") as opened:
            for line in opened:
                self.lines += 1
                try:
                    rules = {violation["rule"] for violation in json.loads(line)["violations"]}
                except (ValueError, LookupError, TypeError):
                    self.malformed += 1
                else:
                    self.internal += "internal-error" in rules
        log.unlink()

    def growth(self) -> float:
        """The largest memory of the end of the run as a multiple of what it was once settled."""
        settled = [minute.memory for minute in self.minutes if minute.asked >= _SETTLED * self.asked]
        middle = len(settled) // 2
        return max(settled[middle:]) / max(settled[: middle or 1])

    def is_clean(self) -> bool:
        """Nothing was wrong, and memory did not grow."""
        faults = self.wrong + self.malformed + self.internal
        return faults == 0 and self.lines == self.asked and self.growth() <= _GROWTH


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--requests", type=int, default=3_000_000)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--profile", default="hardened", help="portero's profile")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minute", type=float, default=60.0, help="seconds between two rows of the report")
    chosen = parser.parse_args()
    end_at_sigterm()
    with tempfile.TemporaryDirectory(prefix="portero-soak-") as folder:
        log = Path(folder) / "decisions.jsonl"
        with serving("portero", portero(chosen.profile, str(log)), Path(folder)) as at:
            soak = run(at, log, chosen)
        for each in sorted(Path(folder).glob(f"{log.name}*")):
            soak.read_log(each)
    sums = f"{soak.asked} requests: {soak.wrong} wrong answers, {soak.internal} internal errors"
    print(f"{sums}; {soak.lines} lines, {soak.malformed} malformed; memory {soak.growth():.2f} times what it was")
    return 0 if soak.is_clean() else 1


def run(at: Serving, log: Path, chosen: argparse.Namespace) -> Soak:
    """Ask until all are answered; print a row a minute."""
    soak, began = Soak(), time.monotonic()
    print("seconds  requests  MiB  threads  descriptors", flush=True)
    due, rotated = began + chosen.minute, list[tuple[float, Path]]()
    interrupted = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: interrupted.set())
    for _ in _answers(at.socket, soak, chosen, interrupted):
        if time.monotonic() < due:
            continue
        due += chosen.minute
        # Lines that are under way still go there for a while, a long one on a busy machine.
        while rotated and rotated[0][0] < time.monotonic() - max(chosen.minute, _UNDER_WAY):
            soak.read_log(rotated.pop(0)[1])
        _report(soak, at, began)
        if log.exists():
            rotated.append((time.monotonic(), log.rename(f"{log}.{len(soak.minutes)}")))
    _report(soak, at, began)
    return soak


def _report(soak: Soak, at: Serving, began: float) -> None:
    minute = Minute(time.monotonic() - began, soak.asked, at.own_memory(), at.threads(), at.descriptors())
    soak.minutes.append(minute)
    row = f"{minute.seconds:7.0f} {minute.asked:9} {minute.memory:5.1f} {minute.threads:7} {minute.descriptors:12}"
    print(row, flush=True)


@dataclass(slots=True)
class _Asking:
    """A connection and what it has to answer next."""

    connection: Connection
    expected: BenchRequest
    left: int


def _answers(socket: Path, soak: Soak, chosen: argparse.Namespace, interrupted: threading.Event) -> Iterator[None]:
    """Count each answer; after an interrupt, only those that are awaited."""
    requests = varied(random.Random(chosen.seed))  # noqa: S311 - traffic, not a secret
    with selectors.DefaultSelector() as waiting:

        def ask(asking: _Asking) -> None:
            asking.connection.socket.sendall(asking.expected.data)

        def connect() -> None:
            asking = _Asking(Connection(socket), next(requests), _RECONNECT_AFTER)
            waiting.register(asking.connection.socket, selectors.EVENT_READ, asking)
            ask(asking)

        for _ in range(min(chosen.connections, chosen.requests)):
            connect()
        sent = len(waiting.get_map())
        while waiting.get_map():
            for key, _ in waiting.select():
                asking: _Asking = key.data
                answer = asking.connection.received()
                if answer is None:
                    continue
                soak.asked += 1
                soak.wrong += json.loads(answer).get("Allow") is not asking.expected.allowed
                yield
                asking.left -= 1
                more = sent < chosen.requests and not interrupted.is_set()
                if more and asking.left:
                    asking.expected = next(requests)
                    ask(asking)
                    sent += 1
                    continue
                waiting.unregister(asking.connection.socket)
                asking.connection.socket.close()
                if more:
                    connect()
                    sent += 1


if __name__ == "__main__":
    sys.exit(main())
