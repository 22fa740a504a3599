import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.reading.shapes import Field, ListOf, MapOf, Scalar, Shape, ShapeFault, Shapes, Struct, fold
from tests.paths import SCHEMAS

_SCHEMAS = SCHEMAS


def _write(folder: Path, files: dict[str, object]) -> Path:
    for name, document in files.items():
        file = folder / f"{name}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(document if isinstance(document, str) and document.startswith("!") else json.dumps(document))
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

    shape = Shapes.load(folder).by_operation["Body"]

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

    shape = Shapes.load(folder).by_operation["Body"]

    assert shape == _struct(Field("A", Scalar("int"), False), Field("B", Scalar("bool"), False))


def test_legacy_fields_are_kept_apart(tmp_path: Path) -> None:
    folder = _write(tmp_path, {"Body": {"A": "int", "$legacy": {"$include": ["Old"]}}, "types/Old": {"B": "*int"}})

    shape = Shapes.load(folder).by_operation["Body"]

    assert isinstance(shape, Struct)
    assert dict(shape.fields) == {"A": Field("A", Scalar("int"), False)}
    assert dict(shape.legacy) == {"B": Field("B", Scalar("int"), True)}


def test_a_file_of_a_later_folder_replaces_its_namesake(tmp_path: Path) -> None:
    first = _write(tmp_path / "first", {"Body": "Part", "Other": "string", "types/Part": {"A": "int"}})
    second = _write(tmp_path / "second", {"types/Part": {"B": "int"}})

    shapes = Shapes.load(first, second)

    assert shapes.by_operation["Body"] == _struct(Field("B", Scalar("int"), False))
    assert shapes.by_operation["Other"] == Scalar("string")


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        pytest.param({}, "no shape of any body was found", id="an empty folder"),
        pytest.param({"types/Part": {}}, "no shape of any body was found", id="types alone"),
        pytest.param({"Body": "strin"}, "schemas/api/Body.json: unknown type strin; add types/strin.json", id="a typo"),
        pytest.param({"Body": {"A": 1}}, "schemas/api/Body.json: a type is a string or an object", id="a number"),
        pytest.param({"Body": {"$includes": []}}, "$includes is neither $include nor $legacy", id="an unknown keyword"),
        pytest.param(
            {"Body": {"$include": "Part"}}, "$include is a list of type names", id="an include that is no list"
        ),
        pytest.param({"Body": {"$include": ["string"]}}, "string has no fields to include", id="an included scalar"),
        pytest.param({"Body": {"$legacy": []}}, "$legacy is an object that lists fields", id="a legacy list"),
        pytest.param({"Body": {"Name": "string", "NAME": "string"}}, "a field stands twice", id="a folded twin"),
        pytest.param(
            {"Body": "Part", "types/Part": {"A": "[]Part"}}, "Body.json > Part: Part contains itself", id="a circle"
        ),
        pytest.param({"Body": "!"}, "Body.json: line 1 is not JSON", id="no JSON"),
        pytest.param({"Body": '!{"A":1}'}, "is not JSON", id="text before the JSON"),
    ],
)
def test_a_shape_that_cannot_be_used_is_a_fault(tmp_path: Path, files: dict[str, object], fault: str) -> None:
    with pytest.raises(ShapeFault) as raised:
        Shapes.load(_write(tmp_path, files))

    assert fault in str(raised.value)


def test_a_name_that_stands_twice_in_a_file_and_no_folder_at_all_are_faults(tmp_path: Path) -> None:
    (tmp_path / "Body.json").write_text('{"A": "int", "A": "string"}')

    with pytest.raises(ShapeFault, match=r"Body\.json: has 'A' twice in one object"):
        Shapes.load(tmp_path)
    with pytest.raises(ShapeFault, match="no shape of any body was found"):
        Shapes.load()


def test_every_shared_type_is_used() -> None:
    files = {file: file.read_text() for file in (_SCHEMAS / "api").rglob("*.json")}

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
    shapes = Shapes.load(_SCHEMAS / "api").by_operation.values()

    assert {kind for shape in shapes for kind in _scalars(shape)} == {
        "string", "bool", "int", "int64", "uint", "uint16", "uint32", "uint64", "float32", "[]byte", "strslice",
    }  # fmt: skip


def test_a_field_says_since_which_api_version_it_is_kept(tmp_path: Path) -> None:
    dated = {"$type": "*bool", "$since": "1.41", "$source": "moby adjustForAPIVersion"}
    folder = _write(tmp_path, {"Dated": {"Inner": "[]Part"}, "Plain": {"A": "bool"}, "types/Part": {"A": dated}})

    shapes = Shapes.load(folder)

    part = _struct(Field("A", Scalar("bool"), True, "1.41"))
    assert shapes.by_operation["Dated"] == _struct(Field("Inner", ListOf(part), False))
    assert part.dated == (Field("A", Scalar("bool"), True, "1.41"),)
    assert shapes.drops("Dated", "1.40")
    assert not shapes.drops("Dated", "1.41")


@pytest.mark.parametrize(
    "field",
    [
        {"$type": "bool"},
        {"$type": "bool", "$since": "1.41"},
        {"$type": "bool", "$since": "1.41", "$source": ""},
        {"$type": "bool", "$since": "41", "$source": "x"},
        {"$type": "bool", "$since": 1.41, "$source": "x"},
        {"$type": "bool", "$since": "1.41", "$source": "x", "A": "bool"},
    ],
    ids=str,
)
def test_a_version_needs_its_source(tmp_path: Path, field: dict[str, object]) -> None:
    folder = _write(tmp_path, {"Body": {"A": field}})

    with pytest.raises(ShapeFault, match=r"Body.json: A: beside \$type stand \$since"):
        Shapes.load(folder)


# Of all Unicode only these have an ASCII letter in their fold set (Go src/encoding/json/fold.go, foldRune).
_FOLDS = {"\u017f": "S", "\u212a": "K"} | {chr(code + 32): chr(code) for code in range(ord("A"), ord("Z") + 1)}


@given(st.characters(exclude_categories=["Cs"]))
def test_a_letter_folds_exactly_as_in_go(letter: str) -> None:
    assert fold(letter) == _FOLDS.get(letter, letter)


def test_the_only_letters_outside_ascii_that_fold_are_the_long_s_and_the_kelvin_sign() -> None:
    """Python folds more of them, such as the dotless i and the ligature fi."""
    folded = {chr(code): fold(chr(code)) for code in range(0x80, 0x110000) if fold(chr(code)) != chr(code)}

    assert folded == {"\u017f": "S", "\u212a": "K"}
