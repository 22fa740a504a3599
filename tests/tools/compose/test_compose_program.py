"""Finds Docker Compose on this machine, and the libraries that it needs."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from portero.tools.compose import compose_program
from tests.tools.compose.test_run import write_program


def test_compose_1_is_a_script_and_compose_2_is_not(tmp_path: Path) -> None:
    assert compose_program.is_script(str(write_program(tmp_path / "one", "#!/usr/bin/python3\n")))
    assert not compose_program.is_script(str(write_program(tmp_path / "two")))


@pytest.mark.skipif(shutil.which("ldd") is None, reason="needs ldd")
def test_libraries_are_files_with_the_loader_among_them_and_a_script_has_none(tmp_path: Path) -> None:
    found = list(compose_program.list_libraries(os.path.realpath(sys.executable)))

    assert all(Path(path).is_file() for path in found)
    assert any("ld-" in path for path in found)
    assert list(compose_program.list_libraries(str(write_program(tmp_path / "x", "#!/bin/sh\n")))) == []
