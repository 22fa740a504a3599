"""The reference engine is loaded only when it is used."""

import subprocess
import sys

from tests.paths import ROOT


def test_it_is_loaded_only_when_it_is_used() -> None:
    code = "import sys; from portero.serve.application import loading; sys.exit('jsonschema' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT / "plugin")}).returncode == 0
