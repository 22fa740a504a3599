"""Operations and body shapes fit together: what one has and the other lacks is a fault when they are loaded."""

from portero.decide.reading.routes import Body, Operation
from portero.decide.reading.shapes import Scalar, Shapes, find_mismatches
from portero.observe.stores.api_tables import load_api


def operation(name: str, body: Body = "json") -> Operation:
    return Operation(name, "POST", f"/{name}", body, False, False)


def mismatches(operations: list[Operation], *shapes: str) -> list[str]:
    return list(find_mismatches(operations, Shapes(dict.fromkeys(shapes, Scalar("string")))))


def test_an_operation_with_a_json_body_needs_a_shape() -> None:
    assert mismatches([operation("B"), operation("A"), operation("C")], "C") == [
        "api/A.json is missing: the operation A has a JSON body; describe it in this file",
        "api/B.json is missing: the operation B has a JSON body; describe it in this file",
    ]


def test_a_shape_needs_an_operation() -> None:
    assert mismatches([operation("A")], "A", "Old") == [
        "api/Old.json: operations.json has no operation Old with a JSON body; remove this file"
    ]


def test_an_operation_without_a_json_body_has_no_shape() -> None:
    assert mismatches([operation("A", "none"), operation("B", "tar"), operation("C", "never-shown")]) == []
    assert len(mismatches([operation("A", "tar")], "A")) == 1


def test_the_built_in_operations_and_shapes_fit_together() -> None:
    routes, shapes = load_api()

    assert list(find_mismatches(routes.operations, shapes)) == []
    assert {one.id for one in routes.operations if one.body == "json"} == shapes.by_operation.keys()
