"""The Debian package of this checkout, built once for all tests of one run."""

import subprocess
import sys
from pathlib import Path

import pytest

from portero.files.locks import locked_folder
from tests.paths import ROOT

from .conftest import gather


def build_package(factory: pytest.TempPathFactory) -> Path:
    """The package for the distribution's python; nothing is fetched once the wheels are there."""
    own = factory.getbasetemp()
    # Processes that run tests side by side have their folders in one.
    shared = own.parent if own.name.startswith("popen-") else own
    with locked_folder(shared):
        dest = shared / "package"
        if not dest.exists():
            _build(shared / "package.wheels", dest)
    (built,) = dest.glob("*.deb")
    return built


def _build(wheels: Path, dest: Path) -> None:
    say = "import sys; print('%d.%d' % sys.version_info[:2])"
    python = subprocess.run(["/usr/bin/python3", "-c", say], check=True, capture_output=True, text=True)
    gather(wheels, python.stdout.strip())
    made = dest.with_suffix(".new")
    subprocess.run(
        ["unshare", "--net", ROOT / "packaging" / "deb.sh"],
        check=True,
        timeout=900,
        stdout=subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin", "PYTHON": sys.executable, "WHEELS": str(wheels), "DEST": str(made)},
    )
    made.rename(dest)
