"""The engines that judge a request by a schema: `best()` is the default, `named()` is one by its name.

Each is imported when it is first used, since the reference engine is slow to load.
"""

from collections.abc import Callable, Mapping

from portero.engine.check import Check, Checks, Engine, InstancePath, OneByOne
from portero.types import JSON

__all__ = ["NAMES", "Check", "Checks", "Engine", "InstancePath", "OneByOne", "best", "named", "validator"]

# The single engines; `named` also knows auto (the default) and both (the two together).
NAMES = ("reference", "rust")


def best() -> Engine:
    """The engine that is used unless another one is chosen: rust."""
    return named("rust")


def named(name: str) -> Engine:
    """The engine `name`: auto, reference, rust or both. ValueError for another name, ImportError for a lost package."""
    if name == "reference":
        from portero.engine.reference import Reference

        return Reference()
    if name in ("rust", "auto"):
        from portero.engine.rust import Rust

        return Rust()
    if name == "both":
        from portero.engine.both import Both

        return Both(named("rust"), named("reference"))
    raise ValueError(f"engine '{name}' is unknown: choose one of {', '.join((*NAMES, 'both'))}, or auto")


def validator(schema: Mapping[str, JSON]) -> Callable[[JSON], bool]:
    """A fast function that is true for a document that satisfies `schema`."""
    from portero.engine.rust import Rust

    return Rust().compile(schema, {}).is_satisfied
