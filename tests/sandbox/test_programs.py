"""Which Docker Compose is found, and which libraries it needs."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from portero.sandbox import programs


def write_program(path: Path, content: str = "\x7fELF") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    path.chmod(0o755)
    return path


def test_compose_on_the_path_is_found_before_the_plugin_and_links_are_followed(tmp_path: Path) -> None:
    write_program(tmp_path / "home" / ".docker" / "cli-plugins" / "docker-compose")
    real = write_program(tmp_path / "real")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "docker-compose").symlink_to(real)

    found = programs.compose_program({"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path / "home")})

    assert found == str(real)


@pytest.mark.parametrize("environ", [{"HOME": "{}"}, {"DOCKER_CONFIG": "{}/.docker", "HOME": "/nonexistent"}])
def test_a_plugin_of_the_user_is_found(tmp_path: Path, environ: dict[str, str]) -> None:
    plugin = write_program(tmp_path / ".docker" / "cli-plugins" / "docker-compose")

    given = {name: value.format(tmp_path) for name, value in environ.items()}

    assert programs.compose_program({"PATH": "/nonexistent"} | given) == str(plugin)


def test_compose_1_is_a_script_and_compose_2_is_not(tmp_path: Path) -> None:
    assert programs.is_script(str(write_program(tmp_path / "one", "#!/usr/bin/python3\n")))
    assert not programs.is_script(str(write_program(tmp_path / "two")))


@pytest.mark.skipif(shutil.which("ldd") is None, reason="needs ldd")
def test_libraries_are_files_with_the_loader_among_them() -> None:
    found = list(programs.libraries(os.path.realpath(sys.executable)))

    assert all(Path(path).is_file() for path in found)
    assert any("ld-" in path for path in found)


@pytest.mark.skipif(shutil.which("ldd") is None, reason="needs ldd")
def test_what_is_no_dynamic_program_has_no_libraries(tmp_path: Path) -> None:
    assert list(programs.libraries(str(write_program(tmp_path / "x", "#!/bin/sh\n")))) == []
