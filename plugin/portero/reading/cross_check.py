"""Checks that operations and body shapes fit together: operations and shapes in, one line for each fault out."""

from collections.abc import Iterable, Iterator

from portero.reading.routes import Operation
from portero.reading.shapes import Shapes


def find_mismatches(operations: Iterable[Operation], shapes: Shapes) -> Iterator[str]:
    """A line for each JSON operation without a shape, and for each shape without a JSON operation."""
    expected = {operation.id for operation in operations if operation.body == "json"}
    for name in sorted(expected - shapes.by_operation.keys()):
        yield f"api/{name}.json is missing: the operation {name} has a JSON body; describe it in this file"
    for name in sorted(shapes.by_operation.keys() - expected):
        yield f"api/{name}.json: operations.json has no operation {name} with a JSON body; remove this file"
