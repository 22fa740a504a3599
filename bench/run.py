"""What a decision costs: portero beside a server of the same kind that allows everything, in alternating rounds.

Each question is asked in rounds A B B A, so that what else the machine does hits both alike. Prints questions per
second and the median and 95th percentile of the latency for both, and portero's share or multiple of the other's.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from questions import Question, questions

HERE = Path(__file__).resolve().parent
ENVIRONMENT = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(HERE.parent / "plugin")}
SERVERS = ("allow-all", "portero")
ORDER = (*SERVERS, *reversed(SERVERS))
START_LIMIT = 20.0
Figures = dict[str, float]


class Connection:
    """One kept-alive connection, as dockerd keeps them."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(30)
        self._socket.connect(str(path))

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, question: bytes) -> bytes:
        """Send the question, give the body of the answer."""
        self._socket.sendall(question)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        head, _, body = received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        while len(body) < length:
            body += self._more()
        return body

    def _more(self) -> bytes:
        piece = self._socket.recv(65536)
        if not piece:
            raise ConnectionError("the server hung up")
        return piece


@contextmanager
def serving(argv: Sequence[str], path: Path) -> Iterator[Path]:
    """A server on this socket for the length of a block."""
    said = path.with_suffix(".log")
    with said.open("wb") as log:
        process = subprocess.Popen(argv, env=ENVIRONMENT, stderr=log)  # noqa: S603 - our own servers
    try:
        end = time.monotonic() + START_LIMIT
        while not path.exists():
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{path.stem} did not start: {said.read_text(errors='replace')}")
            time.sleep(0.05)
        yield path
    finally:
        process.terminate()
        process.wait(30)


def measured(path: Path, question: Question, seconds: float) -> list[float]:
    """Ask again and again; the latency of each time, in milliseconds."""
    latencies = []
    with Connection(path) as connection:
        connection.ask(question.data)
        end = time.perf_counter() + seconds
        while (began := time.perf_counter()) < end:
            connection.ask(question.data)
            latencies.append((time.perf_counter() - began) * 1000)
    return latencies


def check(path: Path, question: Question) -> None:
    """A fast wrong answer is no result."""
    with Connection(path) as connection:
        answer = json.loads(connection.ask(question.data))
    if answer["Allow"] is not question.allowed:
        raise RuntimeError(f"{question.name}: portero answers {answer}")


def compared(paths: Mapping[str, Path], question: Question, seconds: float) -> dict[str, Figures]:
    """Both servers' figures for one question, and portero's in terms of the other's."""
    latencies: dict[str, list[float]] = defaultdict(list)
    for name in ORDER:
        latencies[name] += measured(paths[name], question, seconds)
    both = {name: _figures(found) for name, found in latencies.items()}
    ratio = {key: both[SERVERS[1]][key] / both[SERVERS[0]][key] for key in both[SERVERS[0]]}
    return both | {"ratio": ratio}


def _figures(latencies: list[float]) -> Figures:
    cuts = statistics.quantiles(latencies, n=20)
    return {"per second": 1000 / statistics.fmean(latencies), "p50 ms": cuts[9], "p95 ms": cuts[18]}


def table(results: Mapping[str, Mapping[str, Figures]]) -> str:
    """The results for people."""
    lines = [f"{'':16}{'allow-all':^27}{'portero':^27}{'ratio':^21}", f"{'':16}" + "     /s     p50     p95   " * 2]
    lines[1] += "    /s    p50    p95"
    for name, found in results.items():
        both = "".join("{:7.0f} {:7.2f} {:7.2f}    ".format(*found[server].values()) for server in SERVERS)
        lines.append(f"{name:16}{both}" + " {:5.2f}  {:5.2f}  {:5.2f}".format(*found["ratio"].values()))
    return "\n".join([*lines, "latencies in milliseconds; one connection, alternating rounds A B B A"])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true", help="figures for machines")
    parser.add_argument("--seconds", type=float, default=0.25, help="length of one round (four for each question)")
    parser.add_argument("--profile", default="baseline", help="portero's profile")
    chosen = parser.parse_args()
    try:
        results = measure(chosen.seconds, chosen.profile)
    except RuntimeError as broken:
        print(f"bench: {broken}", file=sys.stderr)
        sys.exit(2)
    print(json.dumps(results, indent=2) if chosen.json else table(results))


def measure(seconds: float, profile: str) -> dict[str, dict[str, Figures]]:
    """Start both servers and compare them, question by question."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="portero-bench-")))
        paths = {name: folder / f"{name}.sock" for name in SERVERS}
        options = ("--profile", profile, "--log", str(folder / "log"), "--host-root", "/")
        commands = {
            SERVERS[0]: [sys.executable, str(HERE / "allow.py"), str(paths[SERVERS[0]])],
            SERVERS[1]: [sys.executable, "-m", "portero", "serve", "--socket", str(paths[SERVERS[1]]), *options],
        }
        for name, path in paths.items():
            stack.enter_context(serving(commands[name], path))
        results = {}
        for question in questions():
            check(paths["portero"], question)
            results[question.name] = compared(paths, question, seconds)
    return results


if __name__ == "__main__":
    main()
