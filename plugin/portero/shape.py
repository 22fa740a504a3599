"""A JSON tree read with Docker's own types: canonical names and checked values out.

Refused: names that are one name to Docker and stand twice, values of another type than Docker's, numbers that do not
fit, settings in a place where only older daemons obey them. Names that Docker does not know are dropped, and listed.
"""

import re
from dataclasses import dataclass
from typing import cast

from portero import scalars
from portero.api_types import ListOf, MapOf, Scalar, Shape, Shapes, Struct, fold
from portero.gojson import Pairs, Tree
from portero.refusals import Refused
from portero.types import JSON

__all__ = ["Canonical", "Shapes", "canonical"]

_STRING = Scalar("string")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Canonical:
    """A body in Docker's spelling; `unknown` are the places of names that Docker does not know."""

    body: JSON
    unknown: tuple[str, ...]


def canonical(shape: Shape, tree: Tree) -> Canonical:
    """`tree` as Docker takes it; raises Refused with a body code and the place in the body."""
    unknown: list[str] = []
    return Canonical(_read(shape, tree, "", unknown), tuple(unknown))


def _read(shape: Shape, tree: Tree, place: str, unknown: list[str]) -> JSON:
    if tree is None:
        return _zero(shape)
    if isinstance(shape, Scalar):
        return scalars.read(shape.kind, tree, place)
    if isinstance(shape, ListOf):
        return _read_list(shape, tree, place, unknown)
    if not isinstance(tree, Pairs):
        raise Refused("body-wrong-type", place)
    if isinstance(shape, MapOf):
        return _read_map(shape, tree, f"{place}[*]", unknown)
    return _read_struct(shape, tree, place, unknown)


def _zero(shape: Shape) -> JSON:
    """What Go leaves in an element that was null: a nil map, list or pointer is empty to every rule."""
    if isinstance(shape, Scalar):
        return scalars.zero(shape.kind)
    return [] if isinstance(shape, ListOf) else {}


def _read_list(shape: ListOf, tree: Tree, place: str, unknown: list[str]) -> JSON:
    if not isinstance(tree, list):
        raise Refused("body-wrong-type", place)
    return [_read(shape.items, item, f"{place}[{index}]", unknown) for index, item in enumerate(tree)]


def _read_map(shape: MapOf, tree: Pairs, place: str, unknown: list[str]) -> JSON:
    """`place` ends in [*]: the names of a map are data, and may hold secrets."""
    if shape.items == _STRING and all(isinstance(value, str) for _, value in tree):
        return _strings(tree, place)
    entries: dict[str, JSON] = {}
    for name, value in tree:
        if name in entries:
            raise Refused("body-duplicate-name", place)
        entries[name] = _read(shape.items, value, place, unknown)
    return entries


def _strings(tree: Pairs, place: str) -> JSON:
    """The map that can be large (labels) the short way: nothing in it needs reading."""
    entries = cast(dict[str, JSON], dict(tree))
    if len(entries) != len(tree):
        raise Refused("body-duplicate-name", place)
    return entries


def _read_struct(shape: Struct, tree: Pairs, place: str, unknown: list[str]) -> JSON:
    fields: dict[str, JSON] = {}
    seen: set[str] = set()
    for name, value in tree:
        folded = fold(name)
        field = shape.fields.get(folded) or shape.legacy.get(folded)
        there = _below(place, name) if field is None else f"{place}.{field.name}" if place else field.name
        if folded in seen:
            # Go would merge objects, lists and maps, and take the last of other values unless that is null.
            raise Refused("body-duplicate-name", there)
        seen.add(folded)
        if field is None:
            _refuse_duplicates(value, there)
            unknown.append(there)
        elif folded not in shape.fields:
            _refuse_legacy(value, there, pointer=field.pointer)
        elif value is not None:
            fields[field.name] = _read(field.shape, value, there, unknown)
    return fields


def _refuse_legacy(value: Tree, place: str, *, pointer: bool) -> None:
    """Zero values change nothing and old clients send them. But to a pointer false is not null, nor [] to some lists.

    Up to Docker 26 `"MaskedPaths": []` beside a missing HostConfig unmasks /proc (moby runconfig/config_unix.go).
    """
    if value or (pointer and value is not None):
        raise Refused("body-legacy-field", place)


def _refuse_duplicates(tree: Tree, place: str) -> None:
    """Below a name that Docker does not know nothing is folded, but nothing stands twice either."""
    if isinstance(tree, Pairs):
        seen: set[str] = set()
        for name, value in tree:
            there = _below(place, name)
            if name in seen:
                raise Refused("body-duplicate-name", there)
            seen.add(name)
            _refuse_duplicates(value, there)
    elif isinstance(tree, list):
        for index, item in enumerate(tree):
            _refuse_duplicates(item, f"{place}[{index}]")


def _below(place: str, name: str) -> str:
    """The place of field `name`; a name that nobody would give a field may be anything, and is not repeated."""
    shown = name if _PLAIN_NAME.fullmatch(name) else "*"
    return f"{place}.{shown}" if place else shown
