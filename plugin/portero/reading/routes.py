"""Finds the Engine API operation behind method and path, as dockerd's router does (gorilla/mux, first match wins).

In: the table of schemas/operations.json, then a method and a path without version. Out: the operation and its path
parameters. Refused: an invalid table (ValueError); a call without an operation, unless it only reads.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Literal, TypeGuard, get_args

from portero.reading.envelope import Envelope
from portero.reading.uri import Target, parse_target
from portero.refusals import Refused

Body = Literal["json", "tar", "none", "never-shown"]

_REQUIRED = {"id": str, "method": str, "path": str, "body": str, "bodyRequired": bool, "reads": bool}
_OPTIONAL = {"since": str, "removed": str, "looksUp": list}
_LOOKED_UP = frozenset(
    {"container", "exec", "rollback", "containers", "volumes", "networks", "sources", "image", "name"}
)
_KINDS = {str: "a text", bool: "true or false", list: "a list"}
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
    def load(cls, data: Mapping[str, object]) -> "Routes":
        """The routes of schemas/operations.json; ValueError with one sentence when the table is invalid."""
        entries = data.get("operations")
        if not isinstance(entries, list) or not entries:
            raise ValueError("'operations' must be a list of at least one operation")
        operations = tuple(_read_operation(entry, f"operations[{index}]") for index, entry in enumerate(entries))
        _refuse_duplicates("id", (operation.id for operation in operations))
        _refuse_duplicates("method and path", (f"{operation.method} {operation.path}" for operation in operations))
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


def _read_operation(entry: object, at: str) -> Operation:
    if not isinstance(entry, dict):
        raise ValueError(f"{at}: an operation is an object")
    _refuse_wrong_fields(entry, at)
    body = entry["body"]
    if not _is_body(body):
        raise ValueError(f"{at}: 'body' must be json, tar, none or never-shown")
    if entry["bodyRequired"] and body != "json":
        raise ValueError(f"{at}: only a json body can be required, another one is never seen")
    if not re.fullmatch(r"[A-Z]+|\*", entry["method"]):
        raise ValueError(f"{at}: 'method' must be in capitals, or * for any")
    _refuse_wrong_path(entry["path"], at)
    looked_up = tuple(entry.get("looksUp", ()))
    if unknown := [name for name in looked_up if name not in _LOOKED_UP]:
        raise ValueError(f"{at}: 'looksUp' has {unknown[0]!r}, which is none of {', '.join(sorted(_LOOKED_UP))}")
    required, reads = entry["bodyRequired"], entry["reads"]
    return Operation(entry["id"], entry["method"], entry["path"], body, required, reads, looked_up)


def _is_body(value: object) -> TypeGuard[Body]:
    return value in get_args(Body)


def _refuse_wrong_fields(entry: Mapping[str, object], at: str) -> None:
    for name in sorted(entry.keys() - _REQUIRED.keys() - _OPTIONAL.keys()):
        raise ValueError(f"{at}: an operation has no field '{name}'")
    for name in sorted(_REQUIRED.keys() - entry.keys()):
        raise ValueError(f"{at}: '{name}' is missing")
    for name, value in entry.items():
        kind = (_REQUIRED | _OPTIONAL)[name]
        if not isinstance(value, kind) or value == "":
            raise ValueError(f"{at}: '{name}' must be {_KINDS[kind]}")


def _refuse_wrong_path(path: str, at: str) -> None:
    literals = _PARAMETER.sub("", path)
    names = [parameter[1] for parameter in _PARAMETER.finditer(path)]
    if not path.startswith("/") or "{" in literals or "}" in literals or len(set(names)) != len(names):
        forms = "{id}, {id:.*} or {id:.+}"
        raise ValueError(f"{at}: 'path' must begin with / and name each parameter once, as {forms}")


def _refuse_duplicates(what: str, values: Iterable[str]) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"'{value}': two operations have the same {what}")
        seen.add(value)
