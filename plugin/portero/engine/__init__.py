"""The engines that judge a request by a schema: `best()` for the fastest that is installed, `named()` for a choice."""

from importlib.util import find_spec

from portero.engine.check import Check, Engine, InstancePath
from portero.engine.reference import Reference

__all__ = ["NAMES", "Check", "Engine", "InstancePath", "best", "named"]

NAMES = ("reference", "rust")


def best() -> Engine:
    """The fast engine where jsonschema-rs is installed, otherwise the reference engine."""
    return named("reference" if find_spec("jsonschema_rs") is None else "rust")


def named(name: str) -> Engine:
    """The engine of that name; ValueError for another name, ImportError where its package is missing."""
    if name == "reference":
        return Reference()
    if name != "rust":
        raise ValueError(f"engine '{name}' is unknown: choose one of {', '.join(NAMES)}")
    # Imported only when wanted: the package is an option (pyproject.toml, `fast`).
    from portero.engine.rust import Rust

    return Rust()
