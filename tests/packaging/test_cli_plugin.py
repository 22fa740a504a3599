"""`docker portero`: the plugin of the docker command line, asked by the real one."""

import json
import os
import shutil
import stat
import time
from pathlib import Path

import pytest

from portero import __version__
from tests.paths import ROOT

from .commands import run

PLUGIN = ROOT / "packaging" / "cli-plugin" / "docker-portero"
needs_docker = pytest.mark.skipif(shutil.which("docker") is None, reason="needs the docker command")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A user with the plugin, and a `portero` that prints its words."""
    plugins, programs = tmp_path / "config" / "cli-plugins", tmp_path / "bin"
    plugins.mkdir(parents=True)
    programs.mkdir()
    shutil.copy(PLUGIN, plugins / "docker-portero")
    (programs / "portero").write_text("#!/bin/sh\nprintf '<%s>' \"$@\"\n")
    (programs / "portero").chmod(0o755)
    return {"DOCKER_CONFIG": str(plugins.parent), "PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(tmp_path)}


def test_the_metadata_is_that_of_this_version_and_comes_at_once(environ: dict[str, str]) -> None:
    times = []
    for _ in range(5):
        began = time.perf_counter()
        answer = run(PLUGIN, "docker-cli-plugin-metadata", env=environ)
        times.append(time.perf_counter() - began)

    metadata = json.loads(answer.stdout)
    assert (metadata["SchemaVersion"], metadata["Vendor"], metadata["Version"]) == ("0.1.0", "Portero", __version__)
    # 2 ms on an idle machine; docker waits 50. The best of five, for machines that are busy.
    assert min(times) < 0.5


@needs_docker
def test_docker_lists_it(environ: dict[str, str]) -> None:
    assert "Show what Portero denies" in run("docker", "--help", env=environ).stdout


@needs_docker
@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["portero", "try", "--", "docker", "run", "a b"], "<try><--><docker><run><a b>"),
        (["portero", "--help"], "<--help>"),
        (["help", "portero"], "<--help>"),
        (["--log-level", "info", "portero", "explain", "portero"], "<explain><portero>"),
    ],
)
def test_the_words_reach_portero(environ: dict[str, str], typed: list[str], words: str) -> None:
    assert run("docker", *typed, env=environ).stdout == words


def test_without_portero_one_sentence_says_so(environ: dict[str, str]) -> None:
    answer = run("/bin/sh", PLUGIN, "portero", "status", env=environ | {"PATH": "/nowhere"})

    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("docker portero: the command portero is not on the PATH; ")


def test_it_can_be_run_as_it_stands() -> None:
    assert PLUGIN.stat().st_mode & stat.S_IXUSR
