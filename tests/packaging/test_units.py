"""The units and drop-ins, as Debian 12's systemd and this machine's read them."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.paths import ROOT

UNITS = ROOT / "packaging" / "systemd"
# Unpacked by `make engines`: systemd 252, with the library that it needs.
BOOKWORM = Path(os.environ.get("PORTERO_E2E_ENGINES", ROOT / "build" / "engines")) / "bookworm" / "root"
LIBRARIES = next(BOOKWORM.glob("usr/lib/*/systemd"), BOOKWORM)
ANALYZERS = {"252": BOOKWORM / "usr/bin/systemd-analyze", "here": Path("/usr/bin/systemd-analyze")}


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """All units in one folder, with the drop-ins of docker.service and containerd.service; /bin/true for Portero."""
    for unit in UNITS.glob("**/*.*"):
        if unit.suffix != ".conf":
            name = f"{'' if unit.parent == UNITS else 'user-'}{unit.name}"
            (tmp_path / name).write_text(re.sub(r"[^\s=+-]+/bin/portero", "/bin/true", unit.read_text()))
    for daemon in ("docker", "containerd"):
        (tmp_path / f"{daemon}.service").write_text("[Service]\nExecStart=/bin/true\n")
        (tmp_path / f"{daemon}.service.d").mkdir()
        shutil.copy(UNITS / f"{daemon}-devices.conf", tmp_path / f"{daemon}.service.d")
    shutil.copy(ROOT / "packaging/files/docker-after-portero.conf", tmp_path / "docker.service.d")
    return tmp_path


@pytest.mark.parametrize("release", ANALYZERS)
def test_systemd_takes_every_line_of_the_units(units: Path, release: str) -> None:
    if not ANALYZERS[release].exists():
        assert not os.environ.get("CI"), f"{ANALYZERS[release]} is missing: make engines"
        pytest.skip("needs systemd 252: make engines" if release == "252" else "needs systemd-analyze")

    assert verify(units, release) == []


@pytest.mark.parametrize("release", [release for release, program in ANALYZERS.items() if program.exists()])
def test_a_line_that_systemd_does_not_take_is_found(units: Path, release: str) -> None:
    (units / "docker.service.d" / "wrong.conf").write_text("[Service]\nType=oneshot\nRestart=always\n")

    assert "docker.service" in " ".join(verify(units, release))


def verify(units: Path, release: str) -> list[str]:
    """What systemd says about these units, line by line."""
    environment = {"SYSTEMD_UNIT_PATH": str(units), "LD_LIBRARY_PATH": str(LIBRARIES) if release == "252" else ""}
    files = [file for file in units.iterdir() if file.is_file() and "@" not in file.name]
    files += [units / file.name.replace("@", "@web") for file in units.iterdir() if "@" in file.name]
    words = [ANALYZERS[release], "verify", "--man=no", *files]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=60, check=False)
    # Units of the machine are not there, nor what is installed.
    absent = (" not found.", "/usr/local/share/portero/answer-metrics is not executable")
    return [line for line in (done.stdout + done.stderr).splitlines() if not any(each in line for each in absent)]
