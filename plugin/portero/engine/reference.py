"""The engine that is always there: jsonschema, in pure Python."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from portero.engine.check import InstancePath, OneByOne, in_order
from portero.engine.portable_schema import plain
from portero.types import JSON


class _Check:
    def __init__(self, validator: Validator) -> None:
        self._validator = validator

    def failures(self, request: JSON) -> tuple[InstancePath, ...]:
        return in_order({tuple(error.absolute_path) for error in self._validator.iter_errors(request)})


class Reference:
    """Compiles with jsonschema; references are looked up in memory only (a Registry retrieves nothing by itself)."""

    name = "reference"

    def compile(self, schema: Mapping[str, JSON], resources: Mapping[str, Mapping[str, JSON]]) -> _Check:
        return _Check(VALIDATOR(plain(schema), registry=_registry(resources)))

    def gather(
        self, schemas: Mapping[str, Mapping[str, JSON]], resources: Mapping[str, Mapping[str, JSON]]
    ) -> OneByOne:
        registry = _registry(resources)
        return OneByOne({name: _Check(VALIDATOR(plain(schema), registry=registry)) for name, schema in schemas.items()})


def _registry(resources: Mapping[str, Mapping[str, JSON]]) -> Registry[Any]:
    registry: Registry[Any] = Registry().with_resources(
        (name, Resource.from_contents(plain(content), default_specification=DRAFT202012))
        for name, content in resources.items()
    )
    # Crawled once here: a Registry is frozen, and would otherwise look for anchors at every lookup.
    return registry.crawl()


def _pattern(validator: Validator, pattern: str, instance: JSON, schema: JSON) -> Iterator[ValidationError]:
    if isinstance(instance, str) and _compiled(pattern).search(instance) is None:
        yield ValidationError("does not match")


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    # Python's $ also matches before a last newline, Rust's does not; in our dialect $ stands only at the end.
    return re.compile(pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern)


VALIDATOR = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]  # no hints upstream
