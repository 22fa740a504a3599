"""A machine on which `make install` has run from this checkout, without the index of packages."""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.packaging.conftest import find_release, gather
from tests.paths import ROOT

from .machine import Machine, boot_one


@contextmanager
def installed(
    tmp_path_factory: pytest.TempPathFactory, settings: str = "", before: Callable[[Machine], object] = id
) -> Iterator[tuple[Machine, str]]:
    """The machine, and what the installation said. `settings`: NAME=VALUE for install.sh; `before`: done first."""
    wheels = gather(tmp_path_factory, find_release())
    with boot_one() as booted:
        booted.wait_until_booted()
        before(booted)
        shutil.copytree(wheels, booted.path("/srv/wheels"))
        install = f"PYTHON={sys.executable} WHEELS=/srv/wheels {settings} packaging/install.sh install"
        yield booted, booted.do(f"cd {ROOT} && {install}", timeout=500)
