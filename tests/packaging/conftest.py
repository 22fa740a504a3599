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
    """The folder of wheels for the python that is installed for on this machine."""
    return gather(tmp_path_factory.mktemp("wheels") / "here", find_release())


def find_release() -> str:
    """The version of the python that packaging/find-python.sh finds."""
    found = subprocess.check_output([ROOT / "packaging" / "find-python.sh", sys.executable], text=True).strip()
    say = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.check_output([found, "-c", say], text=True).strip()
