"""The lock files that everything is installed from."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.paths import ROOT

LOCKS = tuple(ROOT / "requirements" / f"{name}.txt" for name in ("run", "ci", "mutate", "build", "pip"))
RUN, CI, MUTATE, BUILD, PIP = LOCKS
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
# What installs something: of the project itself, and what others copy.
INSTALLERS = ("Makefile", "action.yml", "packaging/*.sh", "examples/ci/*")
_FROM_AN_INDEX = re.compile(r"pip\b[^|&;]*? (?:install|download|wheel)\b|\$\(INSTALL\)")
_PACKAGE = re.compile(r"([A-Za-z0-9._-]+)==\S+((?: \\\n    --hash=sha256:[0-9a-f]{64})*)\n")


def packages(lock: Path) -> set[str]:
    return {_plain(match[1]) for match in _PACKAGE.finditer(lock.read_text())}


def declared(*extras: str) -> set[str]:
    project = PROJECT["project"]
    lists = [project["dependencies"], *(project["optional-dependencies"][extra] for extra in extras)]
    return {_name(each) for declared in lists for each in declared}


def _name(requirement: str) -> str:
    return _plain(re.split(r"[\[<>=]", requirement)[0])


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
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


def test_what_makes_wheels_is_locked_and_can_stand_beside_what_they_are_tested_with() -> None:
    assert {_name(each) for each in PROJECT["build-system"]["requires"]} <= packages(BUILD)
    assert packages(PIP) == {"pip"}
    pinned = {match[0].split(" ")[0] for lock in (RUN, CI, BUILD) for match in _PACKAGE.finditer(lock.read_text())}
    assert len(pinned) == len({_plain(each.partition("==")[0]) for each in pinned})


def _installs(text: str) -> list[str]:
    """The commands that could fetch something from an index, each on one line; what makes the locks is left out."""
    lines = text.replace("\\\n", " ").splitlines()
    return [
        line.strip()
        for line in lines
        if _FROM_AN_INDEX.search(line)
        and not line.lstrip().startswith(("#", "INSTALL :="))
        and "build/lock/" not in line
    ]


@pytest.mark.parametrize(
    "file", [path for pattern in INSTALLERS for path in sorted(ROOT.glob(pattern))], ids=lambda file: file.name
)
def test_nothing_is_taken_from_an_index_without_its_hash(file: Path) -> None:
    checked = ("--require-hashes", "--no-index", "--no-deps --no-build-isolation")

    assert [line for line in _installs(file.read_text()) if not any(words in line for words in checked)] == []


def test_an_install_without_hashes_is_noticed() -> None:
    assert _installs("pip install x\n# pip install y\n\t$(INSTALL) z\n") == ["pip install x", "$(INSTALL) z"]
    assert _installs('"$python" -m pip wheel \\\n  .') == ['"$python" -m pip wheel    .']
