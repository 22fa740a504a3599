"""Docker's API types as the files in schemas/api describe them: folders in, one shape for each operation out.

A shape file is written in Go's notation, as schemas/api/README.md explains; anything else in it is a ShapeFault.

Checks that operations and body shapes fit together: operations and shapes in, one line for each fault out.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, TypeAlias

from portero.reading import go_scalars
from portero.reading.routes import Operation
from portero.values.json_objects import DuplicateName, load_strict
from portero.values.json_types import JSON

_LIST = re.compile(r"\[\d*\](?P<items>.+)")
_MAP = "map[string]"
_VERSION = re.compile(r"1\.[1-9]\d{0,2}")
# The names in the object of a field; a struct has none of them.
_DATED = frozenset({"$type", "$since", "$source"})
# Names are compared as Go folds them (src/encoding/json/fold.go). Docker's names are ASCII, so that of all other
# letters only the two that fold to an ASCII letter can match: U+017F (long s) and U+212A (the Kelvin sign).
_FOLDED = str.maketrans("abcdefghijklmnopqrstuvwxyz\u017f\u212a", "ABCDEFGHIJKLMNOPQRSTUVWXYZSK")


def fold(name: str) -> str:
    """Equal for two names exactly when Go takes both for the same field of Docker's."""
    return name.translate(_FOLDED)


class ShapeFault(ValueError):
    """A shape file that cannot be used: names the file and the fault."""


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
    def load(cls, *directories: Path) -> "Shapes":
        """The shapes of all JSON bodies; a file of a later folder replaces its namesake. Raises ShapeFault, OSError."""
        bodies = _read_documents(directories, "*.json")
        if not bodies:
            raise ShapeFault(f"{', '.join(map(str, directories)) or 'schemas/api'}: no shape of any body was found")
        types = _read_documents(directories, "types/*.json")
        compiled = {name: _Compiler(name, types).compile_shape(document, ()) for name, document in bodies.items()}
        return cls(MappingProxyType(compiled))


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


def _read_documents(directories: Iterable[Path], pattern: str) -> dict[str, JSON]:
    files = [file for directory in directories for file in sorted(directory.glob(pattern))]
    return {file.stem: _read_document(file) for file in files}


def _read_document(file: Path) -> JSON:
    try:
        return load_strict(file.read_bytes())
    except DuplicateName as error:
        raise ShapeFault(f"{file}: has '{error.name}' twice in one object") from error
    except json.JSONDecodeError as error:
        raise ShapeFault(f"{file}: line {error.lineno} is not JSON") from error


@dataclass(frozen=True, slots=True)
class _Compiler:
    body: str  # the body whose shape is made: named in faults
    types: Mapping[str, JSON]

    def compile_shape(self, spec: JSON, trail: tuple[str, ...]) -> Shape:
        """The shape of a type in Go's spec, or of an object that lists fields. `trail`: the types around it."""
        if isinstance(spec, dict):
            return self._compile_struct(spec, trail)
        if not isinstance(spec, str):
            raise self._make_fault("a type is a string or an object", trail)
        text = spec.removeprefix("*")
        if text in go_scalars.KINDS:
            return Scalar(text)
        if text.startswith(_MAP):
            return MapOf(self.compile_shape(text.removeprefix(_MAP), trail))
        if items := _LIST.fullmatch(text):
            return ListOf(self.compile_shape(items["items"], trail))
        return self.compile_shape(self._find_type(text, trail), (*trail, text))

    def _compile_struct(self, spec: Mapping[str, JSON], trail: tuple[str, ...]) -> Struct:
        legacy = spec.get("$legacy", {})
        if not isinstance(legacy, dict):
            raise self._make_fault("$legacy is an object that lists fields", trail)
        return Struct(
            MappingProxyType(self._compile_fields(spec, trail)), MappingProxyType(self._compile_fields(legacy, trail))
        )

    def _compile_fields(self, spec: Mapping[str, JSON], trail: tuple[str, ...]) -> dict[str, Field]:
        included = spec.get("$include", [])
        if not isinstance(included, list):
            raise self._make_fault("$include is a list of type names", trail)
        fields = [member for name in included for member in self._list_included(name, trail)]
        fields += [
            self._compile_field(name, kind, trail) for name, kind in spec.items() if name not in ("$include", "$legacy")
        ]
        by_name = {fold(member.name): member for member in fields}
        if len(by_name) != len(fields):
            raise self._make_fault("a field stands twice", trail)
        return by_name

    def _list_included(self, name: JSON, trail: tuple[str, ...]) -> Iterable[Field]:
        shape = self.compile_shape(name, trail)
        if not isinstance(shape, Struct):
            raise self._make_fault(f"{name} has no fields to include", trail)
        return shape.fields.values()

    def _compile_field(self, name: str, spec: JSON, trail: tuple[str, ...]) -> Field:
        if name.startswith("$"):
            raise self._make_fault(f"{name} is neither $include nor $legacy", trail)
        since = None
        if isinstance(spec, dict) and "$type" in spec:
            spec, since = self._read_dated(name, spec, trail)
        return Field(name, self.compile_shape(spec, trail), isinstance(spec, str) and spec.startswith("*"), since)

    def _read_dated(self, name: str, spec: Mapping[str, JSON], trail: tuple[str, ...]) -> tuple[JSON, str]:
        """The type of a field that dockerd drops below an API version, and that version."""
        since = spec.get("$since")
        if set(spec) != _DATED or not isinstance(since, str) or not _VERSION.fullmatch(since) or not spec["$source"]:
            raise self._make_fault(f"{name}: beside $type stand $since (such as 1.41) and $source, nothing else", trail)
        return spec["$type"], since

    def _find_type(self, name: str, trail: tuple[str, ...]) -> JSON:
        if name not in self.types:
            raise self._make_fault(f"unknown type {name}; add types/{name}.json", trail)
        if name in trail:
            raise self._make_fault(f"{name} contains itself", trail)
        return self.types[name]

    def _make_fault(self, fault: str, trail: tuple[str, ...]) -> ShapeFault:
        return ShapeFault(f"schemas/api/{self.body}.json{''.join(f' > {name}' for name in trail)}: {fault}")


def find_mismatches(operations: Iterable[Operation], shapes: Shapes) -> Iterator[str]:
    """A line for each JSON operation without a shape, and for each shape without a JSON operation."""
    expected = {operation.id for operation in operations if operation.body == "json"}
    for name in sorted(expected - shapes.by_operation.keys()):
        yield f"api/{name}.json is missing: the operation {name} has a JSON body; describe it in this file"
    for name in sorted(shapes.by_operation.keys() - expected):
        yield f"api/{name}.json: operations.json has no operation {name} with a JSON body; remove this file"
