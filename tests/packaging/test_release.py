"""`make release`: what it consists of, and that it can be verified as docs/releasing.md says."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT

from .commands import run

KEYGEN = "openssl genpkey -algorithm ed25519 -out {key} && openssl pkey -in {key} -pubout -out {key}.pub"
VERIFY = "openssl pkeyutl -verify -rawin -pubin -inkey {key}.pub -in SHA256SUMS -sigfile SHA256SUMS.sig"


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of a copy of this checkout, beside its key."""
    folder = tmp_path_factory.mktemp("release")
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in files.split("\0"):
        if name and (ROOT / name).is_file() and not name.startswith(("tests/", "bench/")):
            (folder / "checkout" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / "checkout" / name)
    as_nobody = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    for words in (["init", "-q"], ["add", "-A"], [*as_nobody, "commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=folder / "checkout", check=True)
    run("sh", "-c", KEYGEN.format(key=folder / "key")).check_returncode()
    own = {"PYTHON": sys.executable, "KEY": str(folder / "key"), "DEST": str(folder / "dist")}
    done = run(folder / "checkout" / "packaging" / "release.sh", env={**os.environ, **own})
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_it_has_every_part_and_verifies(released: Path) -> None:
    names = sorted(path.name for path in (released / "dist").iterdir())

    assert [re.sub(r"\d+\.\d+\.\d+", "V", name) for name in names] == [
        *("SHA256SUMS", "SHA256SUMS.sig", "portero-V-py3-none-any.whl", "portero-V.cdx.json", "portero-V.tar.gz")
    ]
    for command in (VERIFY.format(key=released / "key"), "sha256sum --check SHA256SUMS"):
        run("sh", "-c", command, cwd=released / "dist").check_returncode()
    sums = released / "dist" / "SHA256SUMS"
    sums.write_text(sums.read_text() + "\n")
    assert run("sh", "-c", VERIFY.format(key=released / "key"), cwd=released / "dist").returncode != 0


def test_the_bill_of_materials_names_what_the_lock_names(released: Path) -> None:
    (file,) = (released / "dist").glob("*.cdx.json")
    document = json.loads(file.read_text())
    locked = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", (ROOT / "requirements" / "run.txt").read_text(), re.MULTILINE)

    assert [(one["name"], one["version"]) for one in document["components"]] == [
        (re.sub(r"[-_.]+", "-", name).lower(), version) for name, version in locked
    ]
    assert all(one["hashes"] for one in document["components"])
    assert document["metadata"]["component"]["licenses"] == [{"license": {"id": "Apache-2.0"}}]


def test_without_a_key_nothing_is_made() -> None:
    done = run(ROOT / "packaging" / "release.sh", env={"PATH": os.environ["PATH"]})

    assert (done.returncode, done.stdout) == (2, "")
    assert "make release KEY=FILE" in done.stderr
