"""packaging/gather.sh gathers into a folder of its own, and takes nothing else away."""

import os
import shutil
import sys
from pathlib import Path

from tests.paths import ROOT

from .commands import run

SCRIPT = ROOT / "packaging" / "gather.sh"


def test_a_folder_with_other_files_is_left_as_it_is(tmp_path: Path) -> None:
    kept = tmp_path / "letter.txt"
    kept.write_text("dear")

    done = run(SCRIPT, tmp_path, env={**os.environ, "PYTHON": sys.executable})

    assert done.returncode == 2
    assert done.stderr == f"{SCRIPT}: {tmp_path} holds {kept}, which is no wheel: name a folder of its own\n"
    assert kept.read_text() == "dear"


def test_a_checkout_without_an_environment_gathers_with_the_systems_python(tmp_path: Path) -> None:
    """As docs/install.md has it on another machine; what it then asks of that python is shown by a stand-in."""
    script = tmp_path / "clone" / "packaging" / "gather.sh"
    script.parent.mkdir(parents=True)
    shutil.copy(SCRIPT, script)
    python = tmp_path / "bin" / "python3"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\necho "$0 $*" >&2\nexit 9\n')
    python.chmod(0o755)

    done = run(script, tmp_path / "wheels", "3.13", env={"PATH": f"{python.parent}:{os.environ['PATH']}"})

    assert done.returncode == 9
    assert done.stderr.startswith(f"{python} -m venv ")
