"""Docker's API types as the files in schemas/api describe them: documents in, one shape for each operation out.

A shape file is written in Go's notation, as schemas/api/README.md explains. Tests see to it that the files are right:
they are Portero's own, and no site adds to them.

Checks that operations and body shapes fit together: operations and shapes in, one line for each fault out.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, TypeAlias

from portero.decide.reading import go_scalars
from portero.decide.reading.go_json import fold
from portero.decide.reading.routes import Operation
from portero.decide.values.dataclass import dataclass, field

_LIST = re.compile(r"\[\d*\](?P<items>.+)")
_MAP = "map[string]"


@dataclass(frozen=True, slots=True)
class Scalar:
    kind: str  # one of go_scalars.KINDS
    plain: type | None = field(init=False, repr=False, compare=False)  # values of this type are taken as they are

    def __post_init__(self) -> None:
        object.__setattr__(self, "plain", go_scalars.PLAIN.get(self.kind))


@dataclass(frozen=True, slots=True)
class ListOf:
    items: "Shape"
    plain: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class MapOf:
    """An object whose names are data: labels, options, ports."""

    items: "Shape"
    plain: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class Field:
    name: str  # as Docker spells it
    shape: "Shape"
    pointer: bool  # absent and zero are not the same to Docker
    since: str | None = None  # a field that protects: the API version below which dockerd drops it


@dataclass(frozen=True, slots=True)
class Struct:
    """An object whose names Docker knows; both mappings go by the folded name."""

    fields: Mapping[str, Field]
    legacy: Mapping[str, Field]  # names that older daemons obey here and newer ones ignore
    # Folded name and field by the name in Docker's spelling, which nearly all clients use.
    spelt: Mapping[str, tuple[str, Field]] = field(init=False, repr=False, compare=False)
    # Those of the fields that dockerd drops below an API version.
    dated: tuple[Field, ...] = field(init=False, repr=False, compare=False)
    plain: ClassVar[None] = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "spelt", {member.name: (folded, member) for folded, member in self.fields.items()})
        object.__setattr__(self, "dated", tuple(member for member in self.fields.values() if member.since is not None))

    def find_field(self, name: str) -> tuple[str, Field | None]:
        """The name folded, and the field that Docker takes it for."""
        folded = fold(name)
        return folded, self.fields.get(folded)


Version: TypeAlias = tuple[int, ...]
Shape: TypeAlias = Scalar | ListOf | MapOf | Struct


@dataclass(frozen=True, slots=True)
class Shapes:
    by_operation: Mapping[str, Shape]
    # What was read by them of what exists (request_document.py).
    cache: dict[str, object] = field(default_factory=dict, init=False, repr=False, compare=False)
    # The newest API version below which dockerd drops a field of the body, by operation.
    _dated: Mapping[str, Version] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "_dated", {name: max(_list_dates(shape), default=()) for name, shape in self.by_operation.items()}
        )

    def drops(self, operation: str, version: str) -> bool:
        """Whether dockerd drops a field of this operation's body at an API version."""
        return parse_version(version) < self._dated.get(operation, ())

    @classmethod
    def of(cls, bodies: Mapping[str, Any], types: Mapping[str, Any]) -> "Shapes":
        """The shapes of all JSON bodies, in Go's notation by name, made of these types."""
        return cls(MappingProxyType({name: _compile_shape(spec, types) for name, spec in bodies.items()}))


def parse_version(version: str) -> Version:
    """An API version as it is compared: 1.41 is (1, 41)."""
    return tuple(map(int, version.split(".")))


def _list_dates(shape: Shape) -> Iterator[Version]:
    """The versions below which dockerd drops a field of this shape."""
    if isinstance(shape, Struct):
        yield from (parse_version(member.since) for member in shape.dated if member.since is not None)
        for member in shape.fields.values():
            yield from _list_dates(member.shape)
    elif not isinstance(shape, Scalar):
        yield from _list_dates(shape.items)


def _compile_shape(spec: Any, types: Mapping[str, Any]) -> Shape:
    """The shape of a type in Go's spec, or of an object that lists fields."""
    if isinstance(spec, dict):
        legacy = _compile_fields(spec.get("$legacy", {}), types)
        return Struct(MappingProxyType(_compile_fields(spec, types)), MappingProxyType(legacy))
    text = spec.removeprefix("*")
    if text in go_scalars.KINDS:
        return Scalar(text)
    if text.startswith(_MAP):
        return MapOf(_compile_shape(text.removeprefix(_MAP), types))
    if items := _LIST.fullmatch(text):
        return ListOf(_compile_shape(items["items"], types))
    return _compile_shape(types[text], types)


def _compile_fields(spec: Mapping[str, Any], types: Mapping[str, Any]) -> dict[str, Field]:
    """By their folded names: those of the types that it includes, then its own."""
    fields: dict[str, Field] = {}
    for name in spec.get("$include", ()):
        fields |= _compile_fields(types[name], types)
    for name, kind in spec.items():
        if not name.startswith("$"):
            fields[fold(name)] = _compile_field(name, kind, types)
    return fields


def _compile_field(name: str, spec: Any, types: Mapping[str, Any]) -> Field:
    since = None
    if isinstance(spec, dict) and "$type" in spec:
        spec, since = spec["$type"], spec["$since"]
    return Field(name, _compile_shape(spec, types), isinstance(spec, str) and spec.startswith("*"), since)


def find_mismatches(operations: Iterable[Operation], shapes: Shapes) -> Iterator[str]:
    """A line for each JSON operation without a shape, and for each shape without a JSON operation."""
    expected = {operation.id for operation in operations if operation.body == "json"}
    for name in sorted(expected - shapes.by_operation.keys()):
        yield f"api/{name}.json is missing: the operation {name} has a JSON body; describe it in this file"
    for name in sorted(shapes.by_operation.keys() - expected):
        yield f"api/{name}.json: operations.json has no operation {name} with a JSON body; remove this file"
