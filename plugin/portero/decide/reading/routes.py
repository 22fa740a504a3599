"""Finds the Engine API operation behind method and path, as dockerd's router does (gorilla/mux, first match wins).

In: the table of schemas/operations.json, then a method and a path without version. Out: the operation and its path
parameters. Refused: a call without an operation, unless it only reads.
"""

import re
from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

from portero.decide.reading.envelope import Envelope
from portero.decide.reading.uri import Target, parse_target
from portero.decide.values.dataclass import dataclass, replace
from portero.decide.values.refusals import Refused

Body = Literal["json", "tar", "none", "never-shown"]

_PARAMETER = re.compile(r"\{([a-z]+)(?::(\.[*+]))?\}")
_ANY_METHOD = "*"


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
class _Route:
    operation: Operation
    segment: str | None  # the first one of the path; None when a parameter stands there

    @classmethod
    def of(cls, operation: Operation) -> "_Route":
        segment = operation.path[1:].partition("/")[0]
        return cls(operation, None if "{" in segment else segment)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The template as gorilla/mux reads it: a parameter without a pattern ends at the next slash.

        Compiled when the first path is compared with it: a host never sees all operations.
        """
        literal, *parts = _PARAMETER.split(self.operation.path)
        pattern = re.escape(literal)
        for name, wildcard, following in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
            pattern += f"(?P<{name}>{wildcard or '[^/]+'}){re.escape(following)}"
        return re.compile(pattern)


@dataclass(frozen=True, slots=True)
class Routes:
    """The operations in the order of dockerd's router, with an index by method and first path segment."""

    operations: tuple[Operation, ...]
    _index: Mapping[str, Mapping[str | None, tuple[_Route, ...]]]

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> "Routes":
        """The routes of schemas/operations.json, whose form tests check: it is Portero's own."""
        operations = tuple(map(_read_operation, data["operations"]))
        return cls(operations, _index([_Route.of(operation) for operation in operations]))

    def limit_lookups(self, *kinds: str) -> "Routes":
        """The same operations, with which only existing objects of these kinds are judged."""
        limited = (tuple(kind for kind in each.looks_up if kind in kinds) for each in self.operations)
        operations = tuple(
            replace(each, looks_up=looks_up) for each, looks_up in zip(self.operations, limited, strict=True)
        )
        return Routes(operations, _index([_Route.of(operation) for operation in operations]))

    def read_request(self, envelope: Envelope) -> ApiRequest:
        """The request in an envelope; raises Refused where its target cannot be read, or names no operation."""
        target = parse_target(envelope.uri)
        return ApiRequest(envelope, target, self.match(envelope.method, target.path))

    def match(self, method: str, path: str) -> Match:
        """The first operation that fits. GET and HEAD without one are the operation Unknown, all else is refused."""
        routes = self._index.get(method, self._index[_ANY_METHOD])
        for route in routes.get(path[1:].partition("/")[0], routes[None]):
            if match := route.pattern.fullmatch(path):
                operation = route.operation
                operation = operation if operation.method == method else replace(operation, method=method)
                return Match(operation, MappingProxyType(match.groupdict()))
        if method not in ("GET", "HEAD"):
            raise Refused("unknown-operation")
        return Match(replace(UNKNOWN, method=method), MappingProxyType({}))


def _index(routes: list[_Route]) -> Mapping[str, Mapping[str | None, tuple[_Route, ...]]]:
    methods = {_ANY_METHOD, *(route.operation.method for route in routes)}
    return {
        method: _group_by_segment([route for route in routes if route.operation.method in (method, _ANY_METHOD)])
        for method in methods
    }


def _group_by_segment(routes: list[_Route]) -> Mapping[str | None, tuple[_Route, ...]]:
    segments = {None, *(route.segment for route in routes)}
    return {
        segment: tuple(route for route in routes if route.segment in (segment, None))  # keeps the order
        for segment in segments
    }


def _read_operation(entry: Mapping[str, Any]) -> Operation:
    required, reads, looked_up = entry["bodyRequired"], entry["reads"], tuple(entry.get("looksUp", ()))
    return Operation(entry["id"], entry["method"], entry["path"], entry["body"], required, reads, looked_up)
