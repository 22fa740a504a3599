"""Every field of the Engine API reference (1.24 to 1.56) has its place in schemas/api, with the same kind of value.

fields.tsv: a line for each field of each body; [] is an element of a list, {} an entry of a map. `missing`: why
Portero has no such field.
"""

import re
from pathlib import Path

from portero.decide.reading.go_json import fold
from portero.decide.reading.shapes import ListOf, MapOf, Scalar, Shape, Struct
from portero.observe.stores.api_tables import load_shapes
from tests.captured import table
from tests.paths import SCHEMAS

ROWS = table(Path(__file__).with_name("fields.tsv"))
SHAPES = load_shapes(SCHEMAS / "api")
_STEP = re.compile(r"\[\]|\{\}|[^.\[\]{}]+")
_KINDS = {
    "string": {"string", "[]byte"},
    "boolean": {"bool"},
    "integer": {"int", "int64", "uint", "uint16", "uint32", "uint64"},
    "number": {"float32"},
}


def find(operation: str, field: str) -> Shape | None:
    """The shape of a field; None: there is no such field."""
    shape: Shape = SHAPES.by_operation[operation]
    for step in _STEP.findall(field):
        if isinstance(shape, Scalar):
            # What the reference calls a list of numbers is base64 in JSON; a strslice is a list or a string.
            return Scalar("string") if step == "[]" and shape.kind in ("[]byte", "strslice") else None
        if isinstance(shape, (ListOf, MapOf)):
            shape = shape.items
        elif step == "{}":
            return shape if not shape.fields else None  # an empty object to Docker, and a map to the reference
        elif (known := shape.fields.get(fold(step))) is None:
            return None
        else:
            shape = known.shape
    return shape


def is_read(row: dict[str, str]) -> bool:
    shape = find(row["operation"], row["field"])
    if row["missing"]:
        return shape is None
    if isinstance(shape, Scalar) and row["kind"] in _KINDS:
        return shape.kind in _KINDS[row["kind"]]
    return isinstance(shape, Struct | MapOf)


def test_a_field_of_the_reference_is_read() -> None:
    assert [f"{row['operation']} {row['field']}" for row in ROWS if not is_read(row)] == []
