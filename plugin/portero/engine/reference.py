"""The oracle: jsonschema, in pure Python. For `portero test`, tests, and what is wrong with a file of the policy."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from portero.engine import Engine, InstancePath, sort_paths
from portero.engine.portable_schema import to_portable
from portero.values.json_types import JSON


class ReferenceCheck:
    def __init__(self, validator: Validator) -> None:
        self._validator = validator

    def is_satisfied(self, request: JSON) -> bool:
        return self._validator.is_valid(request)

    def failures(self, request: JSON) -> tuple[InstancePath, ...]:
        return sort_paths({tuple(error.absolute_path) for error in self._validator.iter_errors(request)})


class Reference(Engine):
    """Compiles with jsonschema; references are resolved in memory only (a Registry fetches nothing by itself)."""

    name = "reference"

    def prepare(self, resources: Mapping[str, Mapping[str, JSON]]) -> Callable[[Mapping[str, JSON]], ReferenceCheck]:
        registry = _make_registry(resources)
        return lambda schema: ReferenceCheck(VALIDATOR(to_portable(schema), registry=registry))


def _make_registry(resources: Mapping[str, Mapping[str, JSON]]) -> Registry[Any]:
    registry: Registry[Any] = Registry().with_resources(
        (name, Resource.from_contents(to_portable(content), default_specification=DRAFT202012))
        for name, content in resources.items()
    )
    # Crawled once here: a Registry is frozen, and would otherwise search for anchors at each lookup.
    return registry.crawl()


def _check_pattern(validator: Validator, pattern: str, instance: JSON, schema: JSON) -> Iterator[ValidationError]:
    # Python's $ also matches before a last newline, Rust's does not; in our dialect $ stands only at the end.
    exact = pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern
    if isinstance(instance, str) and re.search(exact, instance) is None:
        yield ValidationError("does not match")


VALIDATOR = extend(Draft202012Validator, {"pattern": _check_pattern})  # type: ignore[no-untyped-call]  # no hints upstream
