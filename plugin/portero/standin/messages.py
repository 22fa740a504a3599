"""A call of a client to the stand-in, and the answer."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from portero.values.json_types import JSON

Object: TypeAlias = dict[str, JSON]

# The stream of a container without a terminal has frames, of one with a terminal plain bytes; both are empty here.
RAW = {"Content-Type": "application/vnd.docker.raw-stream", "Connection": "Upgrade", "Upgrade": "tcp"}


@dataclass(frozen=True, slots=True)
class Call:
    """One API call: its operation, path parameters and query as dockerd's router sees them; {} when without a body."""

    operation: str
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    body: Object = field(default_factory=dict)
    client: str = ""

    def first(self, name: str) -> str:
        """The value of a query parameter that counts, empty when it was not sent."""
        values = self.query.get(name, ("",))
        return values[0]

    def filters(self) -> Mapping[str, list[str]]:
        """The filters of a list, as clients write them: {"label": {"a=b": true}} or, long ago, {"label": ["a=b"]}."""
        try:
            filters = json.loads(self.first("filters") or "{}")
        except ValueError:
            return {}
        return {name: list(values) for name, values in filters.items()} if isinstance(filters, dict) else {}

    @property
    def is_compose(self) -> bool:
        """Whether the client is compose, which makes what is missing; the docker command uses what exists."""
        return "compose" in self.client.lower()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer. A stream is sent piece by piece, after the status; a hijacked one is the bare connection."""

    status: int = 200
    body: JSON = None
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: Iterable[bytes] | None = None
    hijacked: bool = False


def failure(status: int, message: str) -> Answer:
    """An error as dockerd words it."""
    return Answer(status, {"message": message})


def stream_documents(*documents: Object) -> Answer:
    """A stream of JSON documents, as dockerd reports progress."""
    return Answer(stream=[json.dumps(document).encode() + b"\r\n" for document in documents])
