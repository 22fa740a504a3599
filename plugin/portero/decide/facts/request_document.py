"""Builds the request document that rules see (schemas/request.json) from what was read of one request."""

import json
from collections.abc import Mapping
from typing import TypedDict, cast

from portero.decide.facts import defaults
from portero.decide.facts.collect import collect_facts
from portero.decide.facts.inspected import Inspected
from portero.decide.interfaces.host import HostMoment
from portero.decide.interfaces.host_notes import HostNotes, NotedMoment
from portero.decide.reading.body_decoder import Canonical, canonicalize
from portero.decide.reading.go_json import Tree
from portero.decide.reading.shapes import Shapes
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused

# Of the text and its facts, of which a short bind can have many; most containers take a third of that.
_MAX_CACHED, _MAX_CACHED_BYTES = 64, 32 << 10


@dataclass(frozen=True, slots=True)
class _CachedObject:
    """An object's body as Docker takes it, and its facts, which hold while the host answers so. They never change."""

    canonical: Canonical
    facts: dict[str, JSON]
    answers: HostNotes


@dataclass(frozen=True, slots=True)
class CallParameters:
    """A call but for its body. `operation`: its ID."""

    operation: str
    method: str
    version: str | None
    path: Mapping[str, str]
    query: Mapping[str, tuple[str, ...]]


class RequestDocument(TypedDict):
    """The request document (schemas/request.json)."""

    operation: str
    apiVersion: str | None
    method: str
    path: dict[str, str]
    query: dict[str, list[str]]
    identity: dict[str, JSON]
    body: JSON
    facts: dict[str, JSON]


def build_document(
    call: CallParameters, identity: Mapping[str, JSON], canonical: Canonical, host: HostMoment
) -> dict[str, JSON]:
    """The document of one request, without `objects`; raises Refused where a fact cannot be read."""
    return _assemble_document(call, identity, canonical, _read_facts(call, canonical, host))


def _assemble_document(
    call: CallParameters, identity: Mapping[str, JSON], canonical: Canonical, facts: dict[str, JSON]
) -> dict[str, JSON]:
    return {
        "operation": call.operation,
        "apiVersion": call.version,
        "method": call.method,
        "path": dict(call.path),
        "query": {name: list(values) for name, values in call.query.items()},
        "identity": dict(identity),
        "body": canonical.body,
        "facts": facts,
        "objects": {},
    }


def describe_making(
    made: Inspected, identity: Mapping[str, JSON], shapes: Shapes, host: HostMoment, used: Mapping[str, JSON]
) -> dict[str, JSON]:
    """The document of the request that would make an object now, with the objects that it uses.

    What is used again and again is read once. Raises Refused, also where dockerd shows a value that is nested too deep.
    """
    call = CallParameters(made.operation, "POST", None, {"id": made.name}, {"name": (made.name,)})
    shape = shapes.by_operation[made.operation]
    try:
        text = json.dumps((made.operation, made.name, made.body))
        cached = cast("_CachedObject | None", shapes.cache.get(text))
        canonical = cached.canonical if cached else canonicalize(shape, cast("Tree", made.body))
    except RecursionError:
        raise Refused("body-too-deep") from None
    if cached is None or not cached.answers.still_hold(host):
        answers = HostNotes()
        facts = _read_facts(call, canonical, NotedMoment(host, answers))
        cached = _CachedObject(canonical, facts, answers)
        if len(text) + len(json.dumps(facts)) <= _MAX_CACHED_BYTES:
            if len(shapes.cache) >= _MAX_CACHED:
                shapes.cache.clear()
            shapes.cache[text] = cached
    document = _assemble_document(call, identity, cached.canonical, cached.facts)
    return {**document, "objects": dict(used)}


def rebuild_document(document: Mapping[str, JSON], host: HostMoment) -> dict[str, JSON]:
    """The document with the facts of its body and query as they are now; as `build_document`, without `objects`."""
    now = cast(RequestDocument, document)
    query = {name: tuple(values) for name, values in now["query"].items()}
    call = CallParameters(now["operation"], now["method"], now["apiVersion"], now["path"], query)
    facts = _collect(call, now["body"], host)
    of_body: dict[str, JSON] = {
        name: now["facts"][name] for name in ("unknownFields", "droppedFields") if name in now["facts"]
    }
    return {**document, "facts": facts | of_body, "objects": {}}


def drop_fields(document: dict[str, JSON], shapes: Shapes) -> dict[str, JSON]:
    """The document without the fields that dockerd would drop at its API version."""
    operation, version = cast(str, document["operation"]), cast("str | None", document["apiVersion"])
    if version is None or not shapes.drops(operation, version):
        return document
    body = canonicalize(shapes.by_operation[operation], cast("Tree", document["body"]), version).body
    return {**document, "body": body}


def _read_facts(call: CallParameters, canonical: Canonical, host: HostMoment) -> dict[str, JSON]:
    facts = _collect(call, canonical.body, host)
    if canonical.body is not None:
        facts["unknownFields"] = [{"at": at} for at in canonical.unknown]
        facts["droppedFields"] = [{"at": field.at, "since": field.since} for field in canonical.dropped]
    return facts


def _collect(call: CallParameters, body: JSON, host: HostMoment) -> dict[str, JSON]:
    facts = collect_facts(call.operation, body, call.query, call.path, host)
    return defaults.fill_in(facts, call.operation, body, call.version, host.daemon)
