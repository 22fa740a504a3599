"""The wheels that Portero is installed from, gathered once: everything after that needs no network."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT


def gather(folder: Path, *version: str) -> Path:
    """Gather the wheels for a version of Python into a new folder."""
    words = [ROOT / "packaging" / "gather.sh", folder, *version]
    subprocess.run(words, check=True, timeout=900, env={**os.environ, "PYTHON": sys.executable})
    return folder


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of wheels for the python that runs the tests."""
    return gather(tmp_path_factory.mktemp("wheels") / "here")
