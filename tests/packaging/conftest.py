"""The wheels that Portero is installed from, gathered once: everything after that needs no network."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from portero.observe.files.locks import lock_folder
from tests.paths import ROOT


def make_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder of this name that is made once for all tests of one run."""
    own = factory.getbasetemp()
    # Processes that run tests side by side have their folders in one.
    shared = own.parent if own.name.startswith("popen-") else own
    folder = shared / name
    with lock_folder(shared):
        if not folder.exists():
            make(folder.with_suffix(".new"))
            folder.with_suffix(".new").rename(folder)
    return folder


def gather(factory: pytest.TempPathFactory, version: str) -> Path:
    """The folder of wheels for a version of Python."""
    environment = {**os.environ, "PYTHON": sys.executable}

    def make(folder: Path) -> None:
        words = [ROOT / "packaging" / "gather.sh", folder, version]
        subprocess.run(words, check=True, timeout=900, env=environment)

    return make_once(factory, f"wheels-{version.replace('.', '-')}", make)


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of wheels for the python that is installed for on this machine."""
    return gather(tmp_path_factory, find_release())


def find_release() -> str:
    """The version of the python that packaging/find-python.sh finds."""
    found = subprocess.check_output([ROOT / "packaging" / "find-python.sh", sys.executable], text=True).strip()
    say = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.check_output([found, "-c", say], text=True).strip()
