"""Finds the files that portero ships: the policy folder schemas/ and the manifest config.json.

An installed wheel carries them inside the package, a checkout beside plugin/.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_CHECKOUT = _PACKAGE.parents[1]


def package() -> Path:
    """The folder of portero's code."""
    return _PACKAGE


def schemas() -> Path:
    """The folder of the built-in policy."""
    return _shipped("schemas")


def manifest() -> Path:
    """config.json: the manifest of the managed plugin and the one list of settings."""
    return _shipped("config.json")


def _shipped(name: str) -> Path:
    for folder in (_PACKAGE, _CHECKOUT):
        if (folder / name).exists():
            return folder / name
    raise FileNotFoundError(f"{_PACKAGE / name}: is missing; install portero again")
