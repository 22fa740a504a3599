"""A difference with what the tests of `how` look at: the request, what was stored, the engine."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portero.decide.values.json_fields import JSON

from .difference import Difference


@dataclass(frozen=True, slots=True)
class Seen:
    """A difference with all that is known of its request. `engine`: such as 26.1."""

    difference: Difference
    operation: str
    document: Mapping[str, Any]
    stored: Mapping[str, Any]
    before: Mapping[str, Any] | None
    engine: str

    @property
    def read(self) -> JSON:
        """What Portero reads."""
        return self.difference.read

    @property
    def made(self) -> JSON:
        """What dockerd makes of it."""
        return self.difference.made

    @property
    def body(self) -> Mapping[str, Any]:
        """The canonical body."""
        return self.document["body"] or {}

    @property
    def settings(self) -> Mapping[str, Any]:
        """Its HostConfig."""
        return self.body.get("HostConfig") or {}

    def before_api(self, version: str) -> bool:
        """Whether the request is of an API before this version."""
        asked = self.document["apiVersion"]
        return asked is not None and _numbers(asked) < _numbers(version)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
