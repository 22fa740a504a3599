"""A JSON tree read with Docker's types: canonical names and checked values out.

Refused: names that are one name to Docker and stand twice, values of another type than Docker's, numbers that do not
fit, settings where only older daemons read them. Names that Docker does not know are dropped, and listed.
Fields that dockerd drops at the API version of the call are dropped too, and listed (schemas/api/README.md).
"""

import re
from collections.abc import Callable, Mapping, Sized
from typing import Any, TypeAlias, cast

from portero.decide.reading import go_scalars
from portero.decide.reading.go_json import OBJECT, Tree
from portero.decide.reading.shapes import Field, ListOf, MapOf, Scalar, Shape, Struct, parse_version
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused

# The largest list that people are known to send is a range of 10,000 published ports. Of all others but these, each of
# whose entries rules judge, no client sends a tenth: one that violates a rule makes others wait for each entry.
MAX_ENTRIES = 1_024
MAX_LONG = 10_240
LONG = frozenset(
    {"Args", "Cmd", "Command", "Entrypoint", "Env", "ExposedPorts", "ExtraHosts", "Hosts", "Labels", "PortBindings"}
)

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")

# A position in the body: the position around it and its name or index there. It becomes text only for a message.
_At: TypeAlias = "tuple[_At, str | int] | None"
# Stands for the names of a map: they are data, and may hold secrets.
_ENTRY = -1


@dataclass(frozen=True, slots=True)
class Dropped:
    """A field that dockerd drops, with its place in the body: it counts from API version `since` on."""

    at: str
    since: str


@dataclass(frozen=True, slots=True)
class Canonical:
    """A body in Docker's spelling; `unknown` is where names stand that Docker does not know."""

    body: JSON
    unknown: tuple[str, ...]
    dropped: tuple[Dropped, ...] = ()


@dataclass(frozen=True, slots=True)
class _Notes:
    """What is noted on the way through a body. `version`: of the call, None: the newest of the daemon."""

    version: tuple[int, ...] | None
    unknown: list[str]
    dropped: list[Dropped]


def canonicalize(shape: Shape, tree: Tree, version: str | None = None) -> Canonical:
    """`tree` as Docker takes it at an API version; raises Refused with a body code and the `at` of the fault."""
    notes = _Notes(None if version is None else parse_version(version), [], [])
    body = _read(shape, tree, None, notes)
    return Canonical(body, tuple(notes.unknown), tuple(notes.dropped))


def _read(shape: Shape, tree: Tree, at: _At, notes: _Notes) -> JSON:
    return _make_zero(shape) if tree is None else _READERS[type(shape)](shape, tree, at, notes)


def _make_zero(shape: Shape) -> JSON:
    """What Go leaves in an element that was null: a nil map, list or pointer is empty to every rule."""
    if isinstance(shape, Scalar):
        return go_scalars.make_zero(shape.kind)
    return [] if isinstance(shape, ListOf) else {}


def _read_scalar(shape: Scalar, tree: Tree, at: _At, notes: _Notes) -> JSON:
    if isinstance(tree, list):  # a strslice
        _refuse_too_many(tree, at)
    try:
        return go_scalars.READERS[shape.kind](tree)
    except Refused as refused:
        raise Refused(refused.code, _spell_at(at) + refused.at) from None


def _refuse_too_many(entries: Sized, at: _At) -> None:
    if len(entries) > MAX_ENTRIES and (at is None or at[1] not in LONG or len(entries) > MAX_LONG):
        raise Refused("body-too-many", _spell_at(at))


def _read_list(shape: ListOf, tree: Tree, at: _At, notes: _Notes) -> JSON:
    if not isinstance(tree, list):
        raise Refused("body-wrong-type", _spell_at(at))
    _refuse_too_many(tree, at)
    items = shape.items
    if items.plain is not None and {items.plain}.issuperset(map(type, tree)):
        return cast("list[JSON]", tree)
    return [_read(items, item, (at, index), notes) for index, item in enumerate(tree)]


def _read_map(shape: MapOf, tree: Tree, at: _At, notes: _Notes) -> JSON:
    if not isinstance(tree, OBJECT):
        raise Refused("body-wrong-type", _spell_at(at))
    _refuse_too_many(tree, at)
    items = shape.items
    if items.plain is not None:
        # The map that can be large (labels) has nothing in it that needs reading.
        entries = cast("dict[str, JSON]", tree if isinstance(tree, dict) else dict(tree))
        if len(entries) == len(tree) and {items.plain}.issuperset(map(type, entries.values())):
            return entries
    entries, here = {}, (at, _ENTRY)
    for name, value in tree.items():
        if name in entries:
            raise Refused("body-duplicate-name", _spell_at(here))
        entries[name] = _read(items, value, here, notes)
    return entries


def _read_struct(shape: Struct, tree: Tree, at: _At, notes: _Notes) -> JSON:
    if not isinstance(tree, OBJECT):
        raise Refused("body-wrong-type", _spell_at(at))
    fields: dict[str, Any] = {}
    seen: set[str] = set()
    for name, value in tree.items():
        folded, field = shape.spelt.get(name) or shape.find_field(name)
        if folded in seen:
            # Go would merge objects, lists and maps, and take the last of other values unless that is null.
            raise Refused("body-duplicate-name", _spell_at((at, _name_field(shape, folded, name))))
        seen.add(folded)
        if field is None:
            _pass_over(name, shape.legacy.get(folded), value, at, notes)
        elif type(value) is field.shape.plain:
            fields[field.name] = value
        elif value is not None:
            fields[field.name] = _READERS[type(field.shape)](field.shape, value, (at, field.name), notes)
    if shape.dated and notes.version is not None:
        _drop(fields, shape.dated, at, notes)
    return fields


def _drop(fields: dict[str, Any], dated: tuple[Field, ...], at: _At, notes: _Notes) -> None:
    """Take out what dockerd takes out; a zero value is no loss, but for a pointer."""
    for field in dated:
        since = cast(str, field.since)
        if cast("tuple[int, ...]", notes.version) >= parse_version(since):
            continue
        value = fields.pop(field.name, None)
        if value or (field.pointer and value is not None):
            notes.dropped.append(Dropped(_spell_at((at, field.name)), since))


def _pass_over(name: str, legacy: Field | None, value: Tree, at: _At, notes: _Notes) -> None:
    """A name that is no field of Docker's here, or no more: nothing of it is taken."""
    if legacy is not None:
        # Zero values change nothing and old clients send them. But to a pointer false is not null, nor [] to some
        # lists: up to Docker 26 `"MaskedPaths": []` beside a missing HostConfig unmasks /proc (moby
        # runconfig/config_unix.go).
        if value or (legacy.pointer and value is not None):
            raise Refused("body-legacy-field", _spell_at((at, legacy.name)))
        return
    there = (at, _hide_odd_name(name))
    if isinstance(value, (list, *OBJECT)):
        _refuse_duplicates(value, there)
    notes.unknown.append(_spell_at(there))


def _refuse_duplicates(tree: Tree, at: _At) -> None:
    """Below a name that Docker does not know nothing is folded, but nothing stands twice either."""
    if isinstance(tree, OBJECT):
        seen: set[str] = set()
        for name, value in tree.items():
            there = (at, _hide_odd_name(name))
            if name in seen:
                raise Refused("body-duplicate-name", _spell_at(there))
            seen.add(name)
            _refuse_duplicates(value, there)
    elif isinstance(tree, list):
        for index, item in enumerate(tree):
            _refuse_duplicates(item, (at, index))


def _name_field(shape: Struct, folded: str, name: str) -> str:
    """How a refusal calls a field: as Docker does, if Docker knows it."""
    field = shape.fields.get(folded) or shape.legacy.get(folded)
    return _hide_odd_name(name) if field is None else field.name


def _hide_odd_name(name: str) -> str:
    """A name that no field would have is not repeated: it may hold anything."""
    return name if _PLAIN_NAME.fullmatch(name) else "*"


def _spell_at(at: _At) -> str:
    words = ""
    while at is not None:
        at, step = at
        words = (f".{step}" if isinstance(step, str) else "[*]" if step == _ENTRY else f"[{step}]") + words
    return words.removeprefix(".")


# Each takes shapes of the class that it stands under.
_READERS: Mapping[type, Callable[[Any, Tree, _At, _Notes], JSON]] = {
    Scalar: _read_scalar,
    ListOf: _read_list,
    MapOf: _read_map,
    Struct: _read_struct,
}
