"""What runs an installed Portero: the system's newest Python from 3.13 on, otherwise the one that python3 names."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT

OWN = os.path.realpath(getattr(sys, "_base_executable"))  # noqa: B009 - it has no type


def put(folder: Path, minor: int, version: str = "") -> Path:
    """A python of this name, which is of the version that its name says, or another one."""
    folder.mkdir(exist_ok=True)
    python = folder / f"python3.{minor}"
    told = version or f"3, {minor}"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -c "import sys; sys.version_info = ({told}, 0); $2"\n')
    python.chmod(0o755)
    return python


def find(*folders: Path, **environment: str) -> str:
    command = [ROOT / "packaging" / "find-python.sh", sys.executable, *folders]
    return subprocess.check_output(command, text=True, env={"PATH": "/usr/bin:/bin", **environment}).strip()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "bin"


def test_the_newest_from_3_13_on_is_taken(folder: Path) -> None:
    put(folder, 12), put(folder, 13)
    assert find(folder) == str(folder / "python3.13")

    newest = put(folder, 14)
    assert find(folder) == str(newest)


def test_the_first_folder_counts_where_both_have_it(folder: Path, tmp_path: Path) -> None:
    put(tmp_path / "local", 13), put(folder, 13)

    assert find(folder, tmp_path / "local") == str(folder / "python3.13")


def test_otherwise_it_is_the_one_that_makes_the_environment(folder: Path) -> None:
    put(folder, 12)

    assert find(folder) == OWN


def test_what_does_not_run_or_is_another_version_is_passed_over(folder: Path) -> None:
    put(folder, 14, "3, 12")
    (folder / "python3.13").write_text("#!/bin/sh\necho 'pyenv: not found' >&2; exit 127\n")
    (folder / "python3.13").chmod(0o755)

    assert find(folder) == OWN


def test_one_without_venv_is_passed_over(folder: Path) -> None:
    put(folder, 14).write_text(f"#!/bin/sh\nexec {sys.executable} -c \"import sys; sys.modules['venv'] = None; $2\"\n")

    assert find(folder) == OWN


def test_wheels_that_are_there_decide_among_them(folder: Path, tmp_path: Path) -> None:
    put(folder, 13), put(folder, 14)
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    assert find(folder, WHEELS=str(wheels)) == OWN

    (wheels / "cffi-2.1-cp313-cp313-manylinux2014_x86_64.whl").touch()
    assert find(folder, WHEELS=str(wheels)) == str(folder / "python3.13")
