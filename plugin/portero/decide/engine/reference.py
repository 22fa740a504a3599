"""The oracle: jsonschema, in pure Python. For `portero test`, tests, and what is wrong with a file of the policy."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from portero.decide.engine import Check, Engine, InstancePath, sort_paths
from portero.decide.engine.portable_schema import to_portable
from portero.decide.values.json_fields import JSON


def _prepare(resources: Mapping[str, Mapping[str, JSON]]) -> Callable[[Mapping[str, JSON]], Check]:
    """References are resolved in memory only: a Registry fetches nothing by itself."""
    registry: Registry[Any] = Registry().with_resources(
        (name, Resource.from_contents(to_portable(content), default_specification=DRAFT202012))
        for name, content in resources.items()
    )
    # Crawled once here: a Registry is frozen, and would otherwise search for anchors at each lookup.
    registry = registry.crawl()

    def compile_schema(schema: Mapping[str, JSON]) -> Check:
        validator: Validator = VALIDATOR(to_portable(schema), registry=registry)
        return Check(validator.is_valid, partial(_list_failures, validator))

    return compile_schema


def _list_failures(validator: Validator, request: JSON) -> tuple[InstancePath, ...]:
    return sort_paths({tuple(error.absolute_path) for error in validator.iter_errors(request)})


def _check_pattern(validator: Validator, pattern: str, instance: JSON, schema: JSON) -> Iterator[ValidationError]:
    # Python's $ also matches before a last newline, Rust's does not; in our dialect $ stands only at the end.
    exact = pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern
    if isinstance(instance, str) and re.search(exact, instance) is None:
        yield ValidationError("does not match")


VALIDATOR = extend(Draft202012Validator, {"pattern": _check_pattern})  # type: ignore[no-untyped-call]  # no hints upstream
REFERENCE = Engine("reference", _prepare)
