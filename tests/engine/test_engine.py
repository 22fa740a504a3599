"""An engine is found by its name; the default is rust, and auto means the default."""

import subprocess
import sys

import pytest

from portero import engine
from portero.engine.both import Both
from portero.engine.reference import Reference
from portero.engine.rust import Rust
from tests.paths import ROOT


@pytest.mark.parametrize(
    ("name", "expected"), [("auto", Rust), ("rust", Rust), ("reference", Reference), ("both", Both)]
)
def test_an_engine_is_found_by_its_name(name: str, expected: type) -> None:
    assert type(engine.named(name)) is expected


def test_rust_is_the_default() -> None:
    assert type(engine.best()) is Rust


def test_an_unknown_engine_is_refused_with_the_names_of_the_others() -> None:
    with pytest.raises(ValueError, match="engine 'fastest' is unknown: choose one of reference, rust, both, or auto"):
        engine.named("fastest")


def test_a_lost_package_is_an_import_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema_rs", None)
    monkeypatch.delitem(sys.modules, "portero.engine.rust")

    for name in ("auto", "rust", "both"):
        with pytest.raises(ImportError, match="jsonschema_rs"):
            engine.named(name)


def test_a_validator_tells_whether_a_document_satisfies_a_schema() -> None:
    is_valid = engine.validator({"properties": {"a": {"pattern": "^x.$"}}})

    assert is_valid({"a": "x\n"})
    assert not is_valid({"a": "y"})


def test_the_reference_engine_is_loaded_only_when_it_is_used() -> None:
    code = "import sys; from portero import engine; engine.best(); sys.exit('jsonschema' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT / "plugin")}).returncode == 0
