"""packaging/link.sh: root's shell finds portero, where root alone can change what the name leads to."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.paths import ROOT

from .commands import run

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root's shell gets a link")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    program = tmp_path / "checkout" / ".venv" / "bin" / "portero"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    (tmp_path / "checkout" / "packaging").mkdir()
    shutil.copy(ROOT / "packaging" / "link.sh", tmp_path / "checkout" / "packaging")
    return tmp_path / "checkout"


def link(checkout: Path, command: str = ":") -> str:
    done = run(checkout / "packaging" / "link.sh", checkout.parent / "portero", "sh", "-c", command)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_root_gets_a_link_while_portero_runs(checkout: Path) -> None:
    told = link(checkout, f"readlink {checkout.parent / 'portero'}").splitlines()

    assert f"portero is a command ({checkout.parent / 'portero'})," in told[0]
    assert told[1] == str(checkout / ".venv" / "bin" / "portero")
    assert not (checkout.parent / "portero").is_symlink()


def test_a_link_that_was_there_stays(checkout: Path) -> None:
    (checkout.parent / "portero").symlink_to(checkout / ".venv" / "bin" / "portero")

    assert "portero is a command" in link(checkout)
    assert (checkout.parent / "portero").is_symlink()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_what_runs_and_takes_the_link_away(checkout: Path, number: signal.Signals) -> None:
    words = [checkout / "packaging" / "link.sh", checkout.parent / "portero", "sh", "-c", "echo up; exec sleep 60"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert [running.stdout.readline() for _ in range(2)][1] == "up\n"
        running.send_signal(number)

        assert running.wait(10) == 128 + signal.SIGTERM
    assert not (checkout.parent / "portero").is_symlink()


@pytest.mark.parametrize("place", [".", ".venv/bin", ".venv/bin/portero"])
@pytest.mark.parametrize("change", ["owner", "mode"])
def test_what_others_can_change_is_not_linked(checkout: Path, place: str, change: str) -> None:
    if change == "owner":
        os.chown(checkout / place, 1000, 0)
    else:
        (checkout / place).chmod(0o777)

    assert f"PATH={checkout}/.venv/bin:$PATH" in link(checkout)
    assert not (checkout.parent / "portero").is_symlink()


def test_a_portero_that_is_there_stays(checkout: Path) -> None:
    (checkout.parent / "portero").write_text("installed")

    assert f"PATH={checkout}/.venv/bin:$PATH" in link(checkout)
    assert (checkout.parent / "portero").read_text() == "installed"
