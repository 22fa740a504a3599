"""Request targets by chance: what Portero takes each for, beside the route that dockerd gave it to.

dockerd's spans have the route as their name (moby api/server/server.go, makeHTTPHandler); those of 29 have the method
alone, and its log the route. The plugin fails on every one of these requests, so that dockerd finds the route and does
nothing.
"""

import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from portero.decide.reading import envelope, uri
from portero.decide.reading.routes import Operation
from portero.decide.values.refusals import Refused

from .read import judge
from .spans import read_spans
from .stage import Stage

_PROFILER = re.compile(r"GET (?=/pprof|/vars$)")
_LOGGED = re.compile(r'"Handler for (?P<route>[^"]*) returned error".* traceID=(?P<trace>[0-9a-f]{32})')
_BATCH = 400
_PATIENCE = 20.0
_PARAMETER = re.compile(r"\{[^}]*\}")
_VERSIONS = (
    *("", "", "", "/v1.45", "/v1.24", "/v01.45", "/v1.045", "/v1.45.", "/v1.45.0", "/v1..45", "/v.", "/v1", "/v99.9"),
    *("/v1.x", "/V1.45", "/v1.45/v1.44", "/v", "/v1.45/", "//v1.45", "/v%31.45", "/v1%2e45", "/v1,45", "/v0"),
)
_NAMES = (
    *("web", "a/b", "a%2Fb", "json", "create", "..", ".", "", "a b", "a%20b", "%00", "x:y@z", "busybox:latest", "%"),
    *("library/busybox", "a/json", "prune", "%6a%73%6f%6e", "\u00fc", "%C3%BC", "a;b", "a+b", "a//b", "a/", "get"),
    *("a/../b", "%2e%2e", "a#b", "a?b", "create/json", "x/history", "%2F", "a%25b", "\u017f", "web/start"),
)
_USUAL_NAMES = ("web", "busybox:latest", "a b", "%6a%73%6f%6e", "x:y@z", "create", "json", "\u00fc", "a+b", "library/x")
_TAILS = (
    *("", "", "", "", "/", "?", "?a=b", "?a=%zz", "#x", "?#", "?x=1;y=2", "%20", "//", "/.", "?a=b#c", "/..", "%3Fa=b"),
)
_METHODS = ("GET", "POST", "DELETE", "PUT", "HEAD", "OPTIONS", "PATCH", "post", "CONNECT", "TRACE", "BREW")
_PREFIXES = ("", "", "", "", "", "http://h", "https://u:p@h:1", "foo:", "HTTP://h", "//h", "http:", "x+y.z:", "1:")


@dataclass(frozen=True, slots=True)
class Target:
    method: str
    target: str


@dataclass(frozen=True, slots=True)
class Mistaken:
    """A target that Portero takes for another route than dockerd."""

    target: Target
    read: str
    dispatched: str

    def __str__(self) -> str:
        return (
            f"{self.target.method} {self.target.target!r}: portero reads {self.read}, dockerd takes {self.dispatched}"
        )


def make_target(seed: int, number: int, operations: Sequence[Operation]) -> Target:
    """The target `number` of a seed."""
    choose = random.Random(f"target/{seed}/{number}")
    operation = choose.choice(operations)
    method = operation.method if choose.random() < 0.8 and operation.method != "*" else choose.choice(_METHODS)
    names = _NAMES if choose.random() < 0.4 else _USUAL_NAMES
    path = _PARAMETER.sub(lambda _: choose.choice(names), operation.path)
    for change in choose.sample(_CHANGES, choose.choice((0, 0, 0, 0, 1, 1, 2))):
        path = change(choose, path)
    tail = choose.choice(_TAILS) if choose.random() < 0.4 else ""
    prefix = choose.choice(_PREFIXES) if choose.random() < 0.3 else ""
    version = choose.choice(_VERSIONS) if choose.random() < 0.5 else ""
    return Target(method, f"{prefix}{version}{path}{tail}")


def _escape_one(choose: random.Random, path: str) -> str:
    at = choose.randrange(len(path))
    escaped = "".join(f"%{byte:02{choose.choice('xX')}}" for byte in path[at].encode())
    return f"{path[:at]}{escaped}{path[at + 1 :]}"


def _double_slash(choose: random.Random, path: str) -> str:
    at = choose.choice([index for index, letter in enumerate(path) if letter == "/"] or [0])
    return f"{path[:at]}/{path[at:]}"


def _other_case(choose: random.Random, path: str) -> str:
    at = choose.randrange(len(path))
    return f"{path[:at]}{path[at].swapcase()}{path[at + 1 :]}"


_CHANGES: tuple[Callable[[random.Random, str], str], ...] = (
    _escape_one,
    lambda _, path: path[0] + path[1:].replace("/", "%2F", 1),
    _double_slash,
    _other_case,
    lambda choose, path: choose.choice(("/./", "/x/../", "/%2e/", "/.../")) + path[1:],
    lambda choose, path: f"{path}/{choose.choice(_NAMES)}",
    lambda choose, path: path.rpartition("/")[0] or "/",
)


def compare_targets(stage: Stage, seed: int, numbers: range, counts: Counter[str]) -> Iterator[Mistaken]:
    """Send the targets `numbers` of a seed. `counts` counts what happened."""
    operations = judge().routes.operations
    for first in range(numbers.start, numbers.stop, _BATCH):
        batch = range(first, min(first + _BATCH, numbers.stop))
        sent: dict[str, tuple[Target, bytes | None]] = {}
        for number in batch:
            target = make_target(seed, number, operations)
            trace = f"{number + 1:032x}"
            headers = {"X-Refuse": "1", "traceparent": f"00-{trace}-{number + 1:016x}-01"}
            sent[trace] = target, stage.send(target.method, target.target, b"", headers).asked
        routes = _wait_for_routes(stage, sum(asked is not None for _, asked in sent.values()))
        for trace, (target, asked) in sent.items():
            counts["sent"] += 1
            yield from _compare(target, asked, routes.get(trace), counts)


def _wait_for_routes(stage: Stage, expected: int) -> dict[str, str]:
    """The route of each trace; a request that the plugin was asked about has one."""
    routes: dict[str, str] = {}
    end = time.monotonic() + _PATIENCE
    while len(routes) < expected and time.monotonic() < end:
        time.sleep(0.1)
        routes.update(span for posted in stage.spans() for span in read_spans(posted))
        routes = {trace: name for trace, name in routes.items() if trace.startswith("0000")}
    logged = {line["trace"]: line["route"] for line in _LOGGED.finditer(stage.daemon_log())}
    return logged | {trace: name for trace, name in routes.items() if "/" in name}


def _compare(target: Target, asked: bytes | None, route: str | None, counts: Counter[str]) -> Iterator[Mistaken]:
    if route is None:
        if asked is not None:
            yield Mistaken(target, "the request", "no route that a span names")
        return
    counts["with a route"] += 1
    if asked is None:
        yield Mistaken(target, "nothing: the plugin is not asked", route)
        return
    try:
        request_method, read = _read_route(asked)
    except Refused as refused:
        counts[f"with a route, refused by Portero: {refused.code}"] += 1
        return
    counts["compared"] += 1
    if read != _taken(request_method, route):
        yield Mistaken(target, read, route)


def _read_route(asked: bytes) -> tuple[str, str]:
    request = envelope.read_envelope(asked)
    operation = judge().routes.match(request.method, uri.parse_target(request.uri).path).operation
    return request.method, f"{request.method} {_PARAMETER.sub('{}', operation.path) or operation.id}"


def _taken(method: str, route: str) -> str:
    """A route as operations.json writes it. Those of the profiler take every method, and lie below /debug."""
    name = _PARAMETER.sub("{}", route)
    return _PROFILER.sub(f"{method} /debug", name)
