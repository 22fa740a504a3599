"""The engines that judge a request by a schema: `best()` for the fastest that is installed, `named()` for a choice.

Each is imported when it is wanted: one is an option (pyproject.toml, `fast`), the other is slow to load.
"""

from collections.abc import Callable, Mapping
from importlib.util import find_spec

from portero.engine.check import Check, Checks, Engine, InstancePath, OneByOne
from portero.types import JSON

__all__ = ["NAMES", "Check", "Checks", "Engine", "InstancePath", "OneByOne", "best", "named", "surely"]

NAMES = ("reference", "rust")
_BOTH = "both"


def best() -> Engine:
    """The fast engine where jsonschema-rs is installed, otherwise the reference engine."""
    return named("rust" if _is_fast() else "reference")


def named(name: str) -> Engine:
    """The engine of that name; ValueError for another name, ImportError where its package is missing."""
    if name == "reference":
        from portero.engine.reference import Reference

        return Reference()
    if name == "rust":
        from portero.engine.rust import Rust

        return Rust()
    if name == _BOTH:
        from portero.engine.both import Both

        return Both(named("rust"), named("reference"))
    raise ValueError(f"engine '{name}' is unknown: choose one of {', '.join((*NAMES, _BOTH))}")


def surely(schema: Mapping[str, JSON]) -> Callable[[JSON], bool]:
    """What tells quickly that a document satisfies a schema; it never does where only the reference engine is."""
    if not _is_fast():
        return lambda document: False
    from portero.engine.rust import Rust

    return Rust().compile(schema, {}).holds


def _is_fast() -> bool:
    return find_spec("jsonschema_rs") is not None
