"""The reference engine: references are resolved in memory only, and a pattern's end is the end of the text."""

import subprocess
import sys

import pytest
from referencing.exceptions import Unresolvable

from portero.engine.reference import Reference
from tests.paths import ROOT


def test_a_reference_elsewhere_never_allows() -> None:
    check = Reference().compile({"$ref": "https://example.com/x.json"}, {})

    with pytest.raises(Unresolvable):
        check.failures({})


def test_the_end_of_a_pattern_is_not_before_a_last_line_feed() -> None:
    check = Reference().compile({"items": {"pattern": "^a$"}}, {})

    assert check.failures(["a", "a\n", 1]) == ((1,),)


def test_it_is_loaded_only_when_it_is_used() -> None:
    code = "import sys; from portero.application import loading; sys.exit('jsonschema' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT / "plugin")}).returncode == 0
