"""The engine that decides: failures never show values, nothing is fetched, and what fails is never satisfied."""

from typing import Any

import jsonschema_rs
import pytest

from portero.decide.engine import rust
from portero.decide.engine.rust import RUST
from portero.decide.values.json_types import JSON


@pytest.mark.parametrize("referred", ["one", "both"])
def test_a_schema_that_refers_to_what_names_may_be_fails_at_their_object(referred: str) -> None:
    named: dict[str, JSON] = {"propertyNames": {"not": {"not": {"$ref": f"site#/$defs/{referred}"}}}}
    plain: dict[str, JSON] = {"propertyNames": {"$ref": f"site#/$defs/{referred}"}}
    site: dict[str, JSON] = {"one": {"const": "y"}, "both": {"allOf": [{"const": "y"}, {"maxLength": 0}]}}

    for schema in (named, plain):
        check = RUST.compile({"properties": {"n": schema}}, {"site": {"$defs": site}})
        assert check.failures({"n": {"x": 1}}) == (("n",),)
        assert check.failures({"n": {}}) == ()


def test_what_is_refused_without_a_path_fails_as_a_whole() -> None:
    assert rust._list_failures(_Silent(), None, {"a": 2}) == ((),)  # type: ignore[arg-type]


class _Silent:
    """A validator that refuses and does not say where."""

    def is_valid(self, request: object) -> bool:
        return False

    def iter_errors(self, request: object) -> tuple[()]:
        return ()


def test_a_reference_elsewhere_is_not_fetched_and_never_compiles() -> None:
    with pytest.raises(jsonschema_rs.ValidationError, match="references are not fetched"):
        RUST.compile({"$ref": "https://example.com/x.json"}, {})


def test_an_engine_message_does_not_show_a_value() -> None:
    validator: Any = RUST.compile({"const": 1}, {}).is_satisfied.__self__  # type: ignore[attr-defined]
    (error,) = validator.iter_errors("hunter2")

    assert "hunter2" not in str(error)
