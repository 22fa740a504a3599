"""The rust engine: sets of schemas are checked as one, failures never show values, and nothing is fetched."""

from types import SimpleNamespace

import jsonschema_rs
import pytest

from portero.engine.rust import Rust, _Set
from portero.types import JSON

SCHEMAS = {
    "a": {"properties": {"a": {"const": 1}}},
    "b": {"properties": {"b": {"items": {"const": 1}}}},
    "c": {"properties": {"c": {"$ref": "site#/$defs/one"}}},
}
RESOURCES = {"site": {"$defs": {"one": {"const": 1}}}}


def test_a_set_reports_the_failures_of_each_schema_by_its_name_in_order() -> None:
    checks = Rust().gather(SCHEMAS, RESOURCES)

    failures = checks.failures(("c", "b", "a"), {"a": 2, "b": [2, 1, 2], "c": 2})

    assert list(failures.items()) == [("c", (("c",),)), ("b", (("b", 0), ("b", 2))), ("a", (("a",),))]


def test_a_set_reports_only_its_own_schemas() -> None:
    checks = Rust().gather(SCHEMAS, RESOURCES)

    assert checks.failures(("a",), {"a": 1, "b": [2]}) == {}
    assert checks.failures((), {"a": 2}) == {}


def test_a_set_reports_a_schema_whose_failure_is_behind_a_reference_by_its_own_name() -> None:
    checks = Rust().gather({**SCHEMAS, "d": {"allOf": [{}, SCHEMAS["c"]]}}, RESOURCES)

    assert checks.failures(("a", "d", "c"), {"c": 2}) == {"d": (("c",),), "c": (("c",),)}


@pytest.mark.parametrize("referred", ["one", "both"])
def test_a_set_reports_a_schema_that_refers_to_what_names_may_be_by_its_own_name(referred: str) -> None:
    named: dict[str, JSON] = {
        "properties": {"n": {"propertyNames": {"not": {"not": {"$ref": f"site#/$defs/{referred}"}}}}}
    }
    plain: dict[str, JSON] = {"properties": {"n": {"propertyNames": {"$ref": f"site#/$defs/{referred}"}}}}
    site: dict[str, JSON] = {"one": {"const": "y"}, "both": {"allOf": [{"const": "y"}, {"maxLength": 0}]}}
    checks = Rust().gather({"a": SCHEMAS["a"], "named": named, "plain": plain}, {"site": {"$defs": site}})

    failed = {"named": (("n",),), "plain": (("n",),)}
    assert checks.failures(("a", "plain", "named"), {"a": 1, "n": {"x": 1}}) == failed
    assert [*checks.failures(("plain", "a", "named"), {"a": 2, "n": {"x": 1}})] == ["plain", "a", "named"]
    assert checks.failures(("plain",), {"n": {}}) == {}


def test_an_engine_that_does_not_tell_which_schema_fails_is_an_error() -> None:
    checks = Rust().gather(SCHEMAS, RESOURCES)
    checks._sets["a",] = _Set(_Vague(), ("a",), ())  # type: ignore[arg-type]

    with pytest.raises(RuntimeError, match="does not tell which one"):
        checks.failures(("a",), {"a": 2})


def test_a_set_that_fails_without_an_error_is_an_error_itself() -> None:
    checks = Rust().gather(SCHEMAS, RESOURCES)
    checks._sets["a",] = _Set(_Silent(), ("a",), ())  # type: ignore[arg-type]

    with pytest.raises(RuntimeError, match="a set of rules fails, but none of its rules does"):
        checks.failures(("a",), {"a": 2})


class _Vague:
    """A validator whose errors begin somewhere else."""

    def is_valid(self, request: object) -> bool:
        return False

    def iter_errors(self, request: object) -> list[SimpleNamespace]:
        return [SimpleNamespace(evaluation_path=["const", 1], instance_path=["a"])]


class _Silent:
    """A validator that refuses and does not say where."""

    def is_valid(self, request: object) -> bool:
        return False

    def iter_errors(self, request: object) -> tuple[()]:
        return ()


def test_a_reference_elsewhere_is_not_fetched_and_never_compiles() -> None:
    with pytest.raises(jsonschema_rs.ValidationError, match="references are not fetched"):
        Rust().compile({"$ref": "https://example.com/x.json"}, {})


def test_an_engine_message_does_not_show_a_value() -> None:
    (error,) = Rust().compile({"const": 1}, {})._validator.iter_errors("hunter2")

    assert "hunter2" not in str(error)
