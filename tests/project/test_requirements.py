"""The lock files that make installs from."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.paths import ROOT

RUN, CI, MUTATE = (ROOT / "requirements" / f"{name}.txt" for name in ("run", "ci", "mutate"))
_PACKAGE = re.compile(r"([A-Za-z0-9._-]+)==\S+((?: \\\n    --hash=sha256:[0-9a-f]{64})*)\n")


def packages(lock: Path) -> set[str]:
    return {_plain(match[1]) for match in _PACKAGE.finditer(lock.read_text())}


def declared(*extras: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lists = [project["dependencies"], *(project["optional-dependencies"][extra] for extra in extras)]
    return {_plain(re.split(r"[\[<>=]", each)[0]) for declared in lists for each in declared}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("lock", [RUN, CI, MUTATE], ids=lambda lock: lock.name)
def test_every_package_of_a_lock_has_the_hashes_of_its_files(lock: Path) -> None:
    found = _PACKAGE.findall(lock.read_text())

    assert found
    assert [name for name, hashes in found if not hashes] == []
    others = _PACKAGE.sub("", lock.read_text()).splitlines()
    assert all(line.startswith(("#", "-r ")) for line in others), others


def test_portero_runs_with_what_it_declares_and_without_what_it_is_tested_with() -> None:
    assert declared() <= packages(RUN)
    assert not declared("dev") - declared() & packages(RUN)
    assert declared("dev") <= packages(RUN) | packages(CI)
    assert declared("mutate") <= packages(MUTATE) | packages(CI) | packages(RUN)
    assert not packages(RUN) & packages(CI)
