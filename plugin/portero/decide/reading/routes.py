"""Finds the Engine API operation behind method and path, as dockerd's router does (gorilla/mux, first match wins).

In: the table of schemas/operations.json, then a method and a path without version. Out: the operation and its path
parameters. Refused: a call without an operation, unless it only reads.

The two requests by which `portero host` finds out whether dockerd shows its plugin every body have the image's name
twice, which Portero refuses, for an image that cannot be pulled, with less memory than dockerd allows: none of them
creates anything. What is one, byte by byte, is marked in the log: reports leave it out.
"""

import re
from collections.abc import Mapping
from functools import cached_property
from itertools import accumulate
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from portero.decide.reading.envelope import Envelope
from portero.decide.reading.uri import Target, parse_target
from portero.decide.values.dataclass import dataclass, replace
from portero.decide.values.refusals import Refused

Body = Literal["json", "tar", "none", "never-shown"]

_PARAMETER = re.compile(r"\{([a-z]+)(?::(\.[*+]))?\}")
_ANY_METHOD = "*"
# The first and the last segment of a path; None: a parameter stands there.
_Ends: TypeAlias = tuple[str | None, str | None]
_PATH, _NAME = "/containers/create", "portero-probe"
TARGET = f"{_PATH}?name={_NAME}"
# .invalid never names a registry (RFC 2606).
_IMAGE = b'"Image":"portero-probe.invalid/nothing:none"'
# Daemons with CVE-2026-34040 drop a body of 1 MiB or more (moby pkg/authorization/authz.go, maxBodySize).
LONG_BYTES = (1 << 20) + (1 << 16)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the Engine API.

    `path` is its template; `reads`: it changes nothing; `looks_up`: which existing objects are judged with it.
    """

    id: str
    method: str
    path: str
    body: Body
    body_required: bool
    reads: bool
    looks_up: tuple[str, ...] = ()


# A read that the table does not have.
UNKNOWN = Operation("Unknown", "GET", "", "none", False, True)


@dataclass(frozen=True, slots=True)
class Match:
    """An operation, with the method of the request, and the path parameters by name."""

    operation: Operation
    path: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One API call as dockerd's router sees it: read, but for what its body means."""

    envelope: Envelope
    target: Target
    match: Match


@dataclass(frozen=True)
class _Segment:
    """The operations of a method that can have these first and last segments, in the order of dockerd's router."""

    operations: tuple[Operation, ...]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """One alternative for each operation: a group around those of its parameters, so that it ends last.

        Compiled when the first path is compared with it: a host never sees all operations.
        """
        return re.compile("|".join(f"({_write_pattern(operation.path)})" for operation in self.operations))

    @cached_property
    def found(self) -> Mapping[int, tuple[Operation, tuple[str, ...]]]:
        """The operation of a group, and the names of its parameters, which are the groups behind it."""
        names = [tuple(name for name, _ in _PARAMETER.findall(operation.path)) for operation in self.operations]
        groups = accumulate((len(each) + 1 for each in names), initial=1)
        return dict(zip(groups, zip(self.operations, names, strict=True), strict=False))


def _write_pattern(path: str) -> str:
    """The template as gorilla/mux reads it: a parameter without a pattern ends at the next slash."""
    literal, *parts = _PARAMETER.split(path)
    named = zip(parts[1::3], parts[2::3], strict=True)
    return re.escape(literal) + "".join(f"({wildcard or '[^/]+'}){re.escape(rest)}" for wildcard, rest in named)


@dataclass(frozen=True, slots=True)
class Routes:
    """The operations in the order of dockerd's router, with an index by method, first and last path segment."""

    operations: tuple[Operation, ...]
    _index: Mapping[str, Mapping[_Ends, _Segment]]

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> "Routes":
        """The routes of schemas/operations.json, whose form tests check: it is Portero's own."""
        operations = tuple(map(_read_operation, data["operations"]))
        return cls(operations, _index(operations))

    def limit_lookups(self, *kinds: str) -> "Routes":
        """The same operations, with which only existing objects of these kinds are judged."""
        operations = tuple(
            replace(each, looks_up=tuple(kind for kind in each.looks_up if kind in kinds)) for each in self.operations
        )
        return Routes(operations, _index(operations))

    def read_request(self, envelope: Envelope) -> ApiRequest:
        """The request in an envelope; raises Refused where its target cannot be read, or names no operation."""
        target = parse_target(envelope.uri)
        return ApiRequest(envelope, target, self.match(envelope.method, target.path))

    def match(self, method: str, path: str) -> Match:
        """The first operation that fits. GET and HEAD without one are the operation Unknown, all else is refused."""
        segments = self._index.get(method, self._index[_ANY_METHOD])
        first, last = path[1:].partition("/")[0], path.rpartition("/")[2]
        segment = segments.get((first, last)) or segments.get((first, None)) or segments[None, None]
        if (match := segment.pattern.fullmatch(path)) and (group := match.lastindex):
            operation, names = segment.found[group]
            operation = operation if operation.method == method else replace(operation, method=method)
            return Match(operation, MappingProxyType({name: match[group + at] for at, name in enumerate(names, 1)}))
        if method not in ("GET", "HEAD"):
            raise Refused("unknown-operation")
        return Match(replace(UNKNOWN, method=method), MappingProxyType({}))


def _index(operations: tuple[Operation, ...]) -> Mapping[str, Mapping[_Ends, _Segment]]:
    by_method = {
        method: [one for one in operations if one.method in (method, _ANY_METHOD)]
        for method in {_ANY_METHOD, *(operation.method for operation in operations)}
    }
    return {method: _group_by_ends(of_method) for method, of_method in by_method.items()}


def _group_by_ends(operations: list[Operation]) -> Mapping[_Ends, _Segment]:
    ends = {one.id: _find_ends(one.path) for one in operations}
    wanted = {(None, None), *((first, None) for first, _ in ends.values()), *ends.values()}
    allowed = {pair: {(first, last) for first in (pair[0], None) for last in (pair[1], None)} for pair in wanted}
    # Keeps the order.
    return {pair: _Segment(tuple(one for one in operations if ends[one.id] in allowed[pair])) for pair in wanted}


def _find_ends(path: str) -> _Ends:
    """The first and the last segment of a template. A parameter, which may hold slashes, can be any."""
    first, last = path[1:].partition("/")[0], path.rpartition("/")[2]
    return None if "{" in first else first, None if "{" in last else last


def _read_operation(entry: Mapping[str, Any]) -> Operation:
    required, reads, looked_up = entry["bodyRequired"], entry["reads"], tuple(entry.get("looksUp", ()))
    return Operation(entry["id"], entry["method"], entry["path"], entry["body"], required, reads, looked_up)


def make_body(length: int) -> bytes:
    """The body with so many bytes in a label."""
    padding = b"x" * length
    return b'{%s,%s,"Labels":{"portero-probe":"%s"},"HostConfig":{"Memory":1}}' % (_IMAGE, _IMAGE, padding)


def is_probe(target: Target, body: bytes | None) -> bool:
    """Whether this request is one of the two. With a hidden body it is not: another body can be hidden too."""
    if body is None or target.path != _PATH or target.query.get("name") != (_NAME,):
        return False
    return body in (make_body(0), make_body(LONG_BYTES))
