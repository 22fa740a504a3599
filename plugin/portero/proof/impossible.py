"""Conditions of an exception that no request document fulfils: a misspelt name, a value of another type.

A match and schemas/request.json in; a sentence for each such condition out. Only what every request has in one shape
is looked at: bodies are the user's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from portero import engine
from portero.spelling import close_to
from portero.types import JSON

_LOOKED_AT = ("facts", "identity")
_OF_ENTRIES = ("contains", "items")
_LOCAL = "#/$defs/"


@dataclass(frozen=True, slots=True)
class Impossible:
    """`request`: request.json."""

    request: Mapping[str, JSON]

    def find(self, match: JSON) -> Iterator[str]:
        """A sentence for each condition that fails for every request."""
        for name, inner in _names(match).items():
            if name in _LOOKED_AT:
                yield from self._list(inner, cast(dict[str, JSON], self.request["properties"])[name], name)
        for each in _list_all(match):
            yield from self.find(each)

    def _list(self, part: JSON, shape: JSON, at: str) -> Iterator[str]:
        known = self._resolved(shape)
        if not isinstance(part, dict) or not known:
            return
        names = cast(dict[str, JSON], known.get("properties", {}))
        for name, inner in _names(part).items():
            if name in names:
                yield from self._list(inner, names[name], f"{at}.{name}")
            elif known.get("additionalProperties") is False:
                yield f"{at}.{name}: is in no request{close_to(name, sorted(names))}"
        for keyword in _OF_ENTRIES:
            if keyword in part and "items" in known:
                yield from self._list(part[keyword], known["items"], f"{at}[*]")
        for each in _list_all(part):
            yield from self._list(each, known, at)
        values = [part["const"]] if "const" in part else cast(list[JSON], part.get("enum", []))
        if values and not any(map(engine.validator({**known, "$defs": self.request["$defs"]}), values)):
            yield f"{at}: has no such value in any request: see schemas/request.json"

    def _resolved(self, shape: JSON) -> dict[str, JSON]:
        while isinstance(shape, dict) and str(shape.get("$ref", "")).startswith(_LOCAL):
            shape = cast(dict[str, JSON], self.request["$defs"])[str(shape["$ref"]).removeprefix(_LOCAL)]
        return shape if isinstance(shape, dict) else {}


def _names(part: JSON) -> dict[str, JSON]:
    return cast(dict[str, JSON], part.get("properties", {})) if isinstance(part, dict) else {}


def _list_all(part: JSON) -> list[JSON]:
    return cast(list[JSON], part.get("allOf", [])) if isinstance(part, dict) else []
