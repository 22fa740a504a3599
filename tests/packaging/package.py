"""The Debian package of this checkout, built once for all tests of one run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT

from .conftest import gather, make_once


def gather_for_distribution(factory: pytest.TempPathFactory) -> Path:
    """The folder of wheels for the distribution's python."""
    say = "import sys; print('%d.%d' % sys.version_info[:2])"
    python = subprocess.run(["/usr/bin/python3", "-c", say], check=True, capture_output=True, text=True)
    return gather(factory, python.stdout.strip())


def build_package(factory: pytest.TempPathFactory) -> Path:
    """The package for the distribution's python; nothing is fetched once the wheels are there."""
    wheels = gather_for_distribution(factory)

    def make(folder: Path) -> None:
        subprocess.run(
            [*(["unshare", "--net"] if os.geteuid() == 0 else []), ROOT / "packaging" / "deb.sh"],
            check=True,
            timeout=900,
            stdout=subprocess.DEVNULL,
            env={"PATH": "/usr/bin:/bin", "PYTHON": sys.executable, "WHEELS": str(wheels), "DEST": str(folder)},
        )

    (built,) = make_once(factory, "package", make).glob("*.deb")
    return built
