import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from portero.decide.reading.go_json import fold
from portero.decide.reading.go_scalars import KINDS
from portero.decide.reading.shapes import Field, ListOf, MapOf, Scalar, Shape, Struct
from portero.decide.values.json_objects import load_strict
from portero.observe.stores.api_tables import load_shapes
from tests.paths import SCHEMAS


def _write(folder: Path, files: dict[str, object]) -> Path:
    for name, document in files.items():
        file = folder / f"{name}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document))
    return folder


def _struct(*fields: Field) -> Struct:
    return Struct({fold(field.name): field for field in fields}, {})


def test_a_type_is_written_as_in_go(tmp_path: Path) -> None:
    folder = _write(
        tmp_path,
        {
            "Body": {"Data": "[]byte", "Names": "[]string", "Size": "[2]uint", "Ports": "map[string][]Port"}
            | {"Init": "*bool", "Inner": {"A": "int"}},
            "types/Port": {"HostPort": "string"},
        },
    )

    shape = load_shapes(folder).by_operation["Body"]

    assert shape == _struct(
        Field("Data", Scalar("[]byte"), False),
        Field("Names", ListOf(Scalar("string")), False),
        Field("Size", ListOf(Scalar("uint")), False),
        Field("Ports", MapOf(ListOf(_struct(Field("HostPort", Scalar("string"), False)))), False),
        Field("Init", Scalar("bool"), True),
        Field("Inner", _struct(Field("A", Scalar("int"), False)), False),
    )


def test_an_included_type_lends_its_fields(tmp_path: Path) -> None:
    folder = _write(
        tmp_path,
        {"Body": {"$include": ["Part"], "B": "bool"}, "types/Part": {"$include": ["Deep"]}, "types/Deep": {"A": "int"}},
    )

    shape = load_shapes(folder).by_operation["Body"]

    assert shape == _struct(Field("A", Scalar("int"), False), Field("B", Scalar("bool"), False))


def test_legacy_fields_are_kept_apart(tmp_path: Path) -> None:
    folder = _write(tmp_path, {"Body": {"A": "int", "$legacy": {"$include": ["Old"]}}, "types/Old": {"B": "*int"}})

    shape = load_shapes(folder).by_operation["Body"]

    assert isinstance(shape, Struct)
    assert dict(shape.fields) == {"A": Field("A", Scalar("int"), False)}
    assert dict(shape.legacy) == {"B": Field("B", Scalar("int"), True)}


# load_strict refuses a name that stands twice.
FILES = {file: load_strict(file.read_bytes()) for file in (SCHEMAS / "api").rglob("*.json")}
TYPES: dict[str, Any] = {file.stem: document for file, document in FILES.items() if file.parent.name == "types"}
NAMED = "|".join(map(re.escape, [*KINDS, *TYPES]))
DATED = {
    "properties": {
        "$type": {},
        "$since": {"type": "string", "pattern": r"^1\.[1-9]\d{0,2}$"},
        "$source": {"type": "string", "minLength": 1},
    },
    "required": ["$type", "$since", "$source"],
    "additionalProperties": False,
}
STRUCT = {
    "properties": {
        "$include": {"type": "array", "items": {"enum": [*TYPES]}},
        "$legacy": {"type": "object", "$ref": "#"},
    },
    "patternProperties": {r"^[^$]": {"anyOf": [{"$ref": "#"}, {"type": "object", **DATED}]}},
    "additionalProperties": False,
}
FORM = Draft202012Validator(
    {
        "type": ["string", "object"],
        "if": {"type": "object"},
        "then": STRUCT,
        "else": {"pattern": rf"^(\*|map\[string\]|\[\d*\])*({NAMED})$"},
    }
)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_of_shapes_is_written_in_the_notation_of_its_readme(file: Path) -> None:
    FORM.validate(FILES[file])


@pytest.mark.parametrize(
    "spec",
    [
        *("strin", {"A": 1}, {"$includes": []}, {"$include": "Mount"}, {"$include": ["string"]}, {"$legacy": []}),
        {"A": {"$type": "bool"}},
        {"A": {"$type": "bool", "$since": "1.41"}},
        {"A": {"$type": "bool", "$since": "1.41", "$source": ""}},
        {"A": {"$type": "bool", "$since": "41", "$source": "x"}},
        {"A": {"$type": "bool", "$since": 1.41, "$source": "x"}},
        {"A": {"$type": "bool", "$since": "1.41", "$source": "x", "A": "bool"}},
    ],
    ids=str,
)
def test_another_notation_is_noticed(spec: object) -> None:
    assert not FORM.is_valid(spec)


def _list_names(spec: dict[str, Any]) -> list[str]:
    included = [name for part in spec.get("$include", []) for name in _list_names(TYPES[part])]
    return included + [name for name in spec if not name.startswith("$")]


def _list_structs(spec: object) -> Iterator[dict[str, Any]]:
    if isinstance(spec, dict):
        yield spec
        for inner in spec.values():
            yield from _list_structs(inner)


def test_no_field_stands_twice_however_it_is_spelt() -> None:
    for struct in (struct for document in FILES.values() for struct in _list_structs(document)):
        folded = [fold(name) for name in _list_names(struct)]
        assert len(set(folded)) == len(folded), struct


def test_every_shared_type_is_used() -> None:
    files = {file: file.read_text() for file in (SCHEMAS / "api").rglob("*.json")}

    unused = [
        file.stem
        for file in files
        if file.parent.name == "types"
        and not any(
            f'"{file.stem}"' in text or f']{file.stem}"' in text for other, text in files.items() if other != file
        )
    ]

    assert unused == []


def _scalars(shape: Shape) -> set[str]:
    match shape:
        case Scalar(kind):
            return {kind}
        case ListOf(items) | MapOf(items):
            return _scalars(items)
        case Struct(fields):
            return {kind for field in fields.values() for kind in _scalars(field.shape)}


def test_the_shapes_of_docker_use_every_kind_of_scalar() -> None:
    shapes = load_shapes(SCHEMAS / "api").by_operation.values()

    assert {kind for shape in shapes for kind in _scalars(shape)} == {
        "string", "bool", "int", "int64", "uint", "uint16", "uint32", "uint64", "float32", "[]byte", "strslice",
    }  # fmt: skip


def test_a_field_says_since_which_api_version_it_is_kept(tmp_path: Path) -> None:
    dated = {"$type": "*bool", "$since": "1.41", "$source": "moby adjustForAPIVersion"}
    folder = _write(tmp_path, {"Dated": {"Inner": "[]Part"}, "Plain": {"A": "bool"}, "types/Part": {"A": dated}})

    shapes = load_shapes(folder)

    part = _struct(Field("A", Scalar("bool"), True, "1.41"))
    assert shapes.by_operation["Dated"] == _struct(Field("Inner", ListOf(part), False))
    assert part.dated == (Field("A", Scalar("bool"), True, "1.41"),)
    assert shapes.drops("Dated", "1.40")
    assert not shapes.drops("Dated", "1.41")
    assert not shapes.drops("Dated", "1.42")


# Of all Unicode only these have an ASCII letter in their fold set (Go src/encoding/json/fold.go, foldRune).
_FOLDS = {"\u017f": "S", "\u212a": "K"} | {chr(code + 32): chr(code) for code in range(ord("A"), ord("Z") + 1)}


def test_every_letter_folds_exactly_as_in_go() -> None:
    """Python folds more of them, such as the dotless i and the ligature fi."""
    letters = map(chr, (*range(0xD800), *range(0xE000, 0x110000)))

    assert [letter for letter in letters if fold(letter) != _FOLDS.get(letter, letter)] == []
