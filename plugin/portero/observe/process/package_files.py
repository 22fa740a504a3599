"""Finds the files that portero ships: the policy folder schemas/, the manifest config.json, tables beside modules.

An installed wheel carries them inside the package, a checkout beside plugin/. Where they are is found once: an upgrade
may take them away for a moment.
"""

import json
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any, cast

_PACKAGE = Path(__file__).resolve().parents[2]
_CHECKOUT = _PACKAGE.parents[1]


def package() -> Path:
    """The folder of portero's code."""
    return _PACKAGE


def schemas() -> Path:
    """The folder of the built-in policy."""
    return _shipped("schemas")


def read_schema(name: str) -> dict[str, Any]:
    """A JSON document of the built-in policy."""
    return cast("dict[str, Any]", json.loads((schemas() / name).read_bytes()))


def manifest() -> Path:
    """config.json: the manifest of the managed plugin and the one list of settings."""
    return _shipped("config.json")


def pages() -> Path:
    """The folder of the pages that `portero help` shows; raises FileNotFoundError."""
    prefixes = (sys.prefix, "/usr/local", "/usr")
    folders = (_CHECKOUT / "docs", *(Path(prefix, "share/doc/portero") for prefix in prefixes))
    for folder in folders:
        if (folder / "README.md").exists():
            return folder
    raise FileNotFoundError(f"{folders[1]}: has no pages; install portero again")


def is_replaced() -> bool:
    """Whether the code on the disk is another than that which runs, or none; raises OSError when it cannot be read."""
    return _identify() != _STARTED_AS


def _shipped(name: str) -> Path:
    return _find(_PACKAGE, _CHECKOUT, name)


@cache
def _find(package: Path, checkout: Path, name: str) -> Path:
    for folder in (package, checkout):
        if (folder / name).exists():
            return folder / name
    raise FileNotFoundError(f"{package / name}: is missing; install portero again")


def _identify() -> tuple[int, ...]:
    try:
        stat = os.stat(_PACKAGE / "__init__.py")
    except (FileNotFoundError, NotADirectoryError):
        return ()
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns


_STARTED_AS = _identify()
