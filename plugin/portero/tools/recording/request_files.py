"""Reads the JSON that `portero check` is given: captured envelopes, requests written by hand, docker inspect, bodies.

A file has one document, or one a line. Anything else is an error with file and line.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from json import JSONDecodeError
from typing import TypeAlias, cast
from urllib.parse import quote, urlencode

from portero.decide.decision import Decision
from portero.decide.facts import inspected
from portero.decide.identity.caller import Identity
from portero.decide.interfaces.daemon import Objects
from portero.decide.reading.routes import Operation
from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.errors import Fault
from portero.decide.values.json_fields import JSON
from portero.decide.values.json_objects import describe_syntax, load_json
from portero.decide.values.refusals import Refused
from portero.decide.values.spelling import suggest_name

# What is not Unicode text becomes bytes that are not UTF-8, which the judge refuses.
_AS_IT_IS = "surrogatepass"
# As a file on the command line.
STANDARD_INPUT = "-"
FindLine: TypeAlias = Callable[[str], tuple[str, int] | None]


class InvalidRequestFile(Fault):
    """One sentence: which file or line is no request, and what one looks like; or why Compose does not read it."""


def _find_no_line(at: str) -> None:
    """For files in which no property of a request has a line."""


@dataclass(frozen=True, slots=True)
class FileRequest:
    """An envelope as dockerd would post it or, when the facts were written too, a whole request document.

    `name`: the part of the file, such as a service of a compose file. `networks`: the names that the file gives, by
    network ID. `find_line`: the file and the line behind a property of the request. `judged`: the only properties that
    count, where the request has more than the file. `identity`: who asks, where the file has it. `objects`: what
    exists by then, since the requests before this one made it. `warnings`: what Compose printed about the whole file.
    `deploys`: whether the service has its limits below deploy; None: not known.
    """

    file: str
    content: bytes | dict[str, JSON]
    line: int | None = None
    name: str = ""
    networks: Mapping[str, str] = field(default_factory=dict)
    find_line: FindLine = _find_no_line
    judged: frozenset[str] | None = None
    identity: Identity | None = None
    objects: Objects | None = None
    warnings: Sequence[str] = ()
    deploys: bool | None = None

    @property
    def location(self) -> str:
        """File, line and name, for people."""
        return _format_location(self.file, self.line) + (f" ({self.name})" if self.name else "")

    def locate(self, at: str) -> tuple[str, int | None]:
        """The file and the line behind `at`, else those of the request."""
        return self.find_line(at) or (self.file, self.line)


@dataclass(frozen=True, slots=True)
class DecidedRequest:
    """A request of a file with the decision on it. `facts`: what a refused one means, as rules see it."""

    request: FileRequest
    decision: Decision
    facts: Mapping[str, JSON] = field(default_factory=dict)


def read_requests(
    file: str, data: bytes, operations: Sequence[Operation], operation: str | None = None
) -> Iterator[FileRequest]:
    """The requests in a file. Answers of Docker among captures are left out; with an operation it holds bodies."""
    lines = [(number, line) for number, line in enumerate(data.splitlines(), 1) if line.strip()]
    # Where even the first line is no document, the fault is in one over several lines.
    is_one = lines != [] and (_is_json(data) or not _is_json(lines[0][1]))
    documents: Sequence[tuple[int | None, bytes]] = [(None, data)] if is_one else lines
    by_id = {each.id: each for each in operations}
    if operation is not None and operation not in by_id:
        close = suggest_name(operation, sorted(by_id)) or ", such as ContainerCreate"
        raise InvalidRequestFile(f"--operation: {operation}: not an operation of the Engine API{close}")
    for line, text in documents:
        location = _format_location(file, line)
        content = _parse(file, line or 1, text)
        if operation is not None:
            # What the path names is not known and does not matter.
            names: dict[str, JSON] = {name: name for name in _list_parameters(by_id[operation]) if name is not None}
            yield FileRequest(file, _make_envelope(location, {"path": names, "body": content}, by_id[operation]), line)
        elif isinstance(content, list) or inspected.find_kind(content):
            yield from _read_inspected(file, line, content, by_id)
        else:
            request = _read_request(location, text, content, by_id)
            if request is not None:
                yield FileRequest(file, request, line, identity=_read_identity(location, content))


def _format_location(file: str, line: int | None) -> str:
    return file if line is None else f"{file}:{line}"


def _is_json(data: bytes) -> bool:
    try:
        load_json(data)
    except ValueError:
        return False
    return True


def _read_inspected(
    file: str, line: int | None, content: JSON, operations: Mapping[str, Operation]
) -> Iterator[FileRequest]:
    """What `docker inspect` prints: a list, or with --format json one object a line."""
    location = _format_location(file, line)
    for thing in content if isinstance(content, list) else [content]:
        if inspected.find_kind(thing) is None:
            raise InvalidRequestFile(
                f"{location}: not docker inspect output of a container, service, volume or network"
            )
        try:
            request = inspected.make_request(thing)
        except Refused as refused:
            raise InvalidRequestFile(f"{location}: {refused.at} is not as docker inspect prints it") from None
        if request is not None:
            query: dict[str, JSON] = {"name": [request.name]} if request.operation == "ContainerCreate" else {}
            body = inspected.drop_cgroup_default(request.body)
            envelope = _make_envelope(file, {"query": query, "body": body}, operations[request.operation])
            networks = {request.network_id: request.name} if request.network_id else {}
            yield FileRequest(file, envelope, line, request.name, networks)


def _read_request(
    location: str, text: bytes, content: JSON, operations: Mapping[str, Operation]
) -> bytes | dict[str, JSON] | None:
    if not isinstance(content, dict):
        raise InvalidRequestFile(f"{location}: not a JSON object; write an envelope or a request")
    document = content
    if "envelope" in document:
        return None if document.get("phase") == "res" else json.dumps(document["envelope"]).encode()
    if "RequestMethod" in document or "RequestUri" in document:
        return text
    operation = operations.get(str(document.get("operation")))
    if operation is None:
        raise InvalidRequestFile(
            f"{location}: neither an envelope (RequestMethod, RequestUri) nor a request with a known operation; "
            "for a body, add --operation ID"
        )
    return document if "facts" in document else _make_envelope(location, document, operation)


def _read_identity(location: str, content: JSON) -> Identity | None:
    """Who asks by a request that was written by hand, or by a recorded one."""
    identity = content.get("identity") if isinstance(content, dict) else None
    try:
        return None if identity is None else Identity.of(identity)
    except TypeError:
        example = '{"user": "alicia", "groups": ["dev"], "method": "token"}'
        raise InvalidRequestFile(f"{location}: identity: write it as {example}") from None


def _parse(file: str, line: int, text: bytes) -> JSON:
    try:
        return load_json(text)
    except JSONDecodeError as error:
        raise InvalidRequestFile(f"{file}: is not JSON at {describe_syntax(error, line)}") from None
    except ValueError:
        raise InvalidRequestFile(f"{file}: is not JSON at line {line}; write one document, or one a line") from None


def _make_envelope(location: str, request: Mapping[str, JSON], operation: Operation) -> bytes:
    """The envelope by which dockerd would ask about a request that was written by hand."""
    envelope: dict[str, JSON] = {
        "RequestMethod": str(request.get("method", "GET" if operation.method == "*" else operation.method)),
        "RequestUri": _make_uri(location, request, operation),
    }
    if request.get("body") is not None:
        body = json.dumps(request["body"]).encode()
        envelope["RequestBody"] = base64.b64encode(body).decode()
        envelope["RequestHeaders"] = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    return json.dumps(envelope).encode()


def _make_uri(location: str, request: Mapping[str, JSON], operation: Operation) -> str:
    version, query = request.get("apiVersion"), request.get("query") or {}
    if not isinstance(query, dict) or not all(isinstance(values, list) for values in query.values()):
        raise InvalidRequestFile(f'{location}: query: write each parameter as a list, {{"name": ["web"]}}')
    pairs = [(name, str(value)) for name, values in query.items() for value in cast(list[JSON], values)]
    prefix = f"/v{version}" if version else ""
    return (
        prefix + _make_path(location, request, operation) + (f"?{urlencode(pairs, errors=_AS_IT_IS)}" if pairs else "")
    )


def _make_path(location: str, request: Mapping[str, JSON], operation: Operation) -> str:
    given = request.get("path") or {}
    parts, names = operation.path.split("/"), _list_parameters(operation)
    if not isinstance(given, dict) or any(name is not None and not isinstance(given.get(name), str) for name in names):
        wanted = ", ".join(name for name in names if name)
        raise InvalidRequestFile(f"{location}: path: {operation.id} needs {wanted}, each a string")
    return "/".join(
        part if name is None else quote(str(given[name]), errors=_AS_IT_IS)
        for part, name in zip(parts, names, strict=True)
    )


def _list_parameters(operation: Operation) -> list[str | None]:
    """The parameter in each part of the path, None where there is none."""
    parts = operation.path.split("/")
    return [part[1:-1].partition(":")[0] if part.startswith("{") else None for part in parts]
