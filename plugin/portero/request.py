"""Builds the request document that rules see (schemas/request.json) from what was read of one call."""

from collections.abc import Mapping

from portero import facts
from portero.hostview import HostView
from portero.operation import Operation
from portero.shape import Canonical
from portero.types import JSON


def build(
    operation: Operation,
    version: str | None,
    path: Mapping[str, str],
    query: Mapping[str, tuple[str, ...]],
    identity: Mapping[str, JSON],
    canonical: Canonical,
    host: HostView,
) -> dict[str, JSON]:
    """The document for one call; raises Refused where a fact cannot be read."""
    told = facts.of(operation.id, canonical.body, query, path, host)
    if canonical.body is not None:
        told["unknownFields"] = [{"said": place} for place in canonical.unknown]
    return {
        "operation": operation.id,
        "apiVersion": version,
        "method": operation.method,
        "path": dict(path),
        "query": {name: list(values) for name, values in query.items()},
        "identity": dict(identity),
        "body": canonical.body,
        "facts": told,
    }
