"""The default engine: jsonschema-rs."""

from collections.abc import Callable, Mapping
from typing import NoReturn

import jsonschema_rs

from portero.engine.check import InstancePath, sort_paths
from portero.engine.portable_schema import to_portable
from portero.types import JSON

# A reference without a scheme is resolved against this base (jsonschema-rs, DEFAULT_ROOT_URL in the referencing crate).
_BASE = "json-schema:///"
# Replaces the values in error messages, which are not used: writing values out is slow, and they can be secrets.
_MASK = "..."


class RustCheck:
    """One schema, compiled."""

    def __init__(self, validator: jsonschema_rs.Draft202012Validator) -> None:
        self._validator = validator

    def is_satisfied(self, request: JSON) -> bool:
        """As in Check."""
        return self._validator.is_valid(request)

    def failures(self, request: JSON) -> tuple[InstancePath, ...]:
        """As in Check."""
        if self.is_satisfied(request):
            return ()
        return sort_paths({tuple(error.instance_path) for error in self._validator.iter_errors(request)})


class RustChecks:
    """Each schema alone, and each set of schemas that was asked for as one schema (allOf)."""

    def __init__(self, schemas: Mapping[str, Mapping[str, JSON]], resources: Mapping[str, Mapping[str, JSON]]) -> None:
        self._schemas = {name: to_portable(schema) for name, schema in schemas.items()}
        self._registry = _registry(resources)
        self._single = {name: RustCheck(_validator(schema, self._registry)) for name, schema in self._schemas.items()}
        # The policy asks for one set for each operation.
        self._sets: dict[tuple[str, ...], jsonschema_rs.Draft202012Validator] = {}

    def __getitem__(self, name: str) -> RustCheck:
        return self._single[name]

    def failures(self, names: tuple[str, ...], request: JSON) -> dict[str, tuple[InstancePath, ...]]:
        """As in Checks; RuntimeError when a set fails and none of its schemas does."""
        if not names:
            return {}
        combined = self._sets.get(names) or self._compile_set(names)
        if combined.is_valid(request):
            return {}
        # The errors of a set do not tell which of its schemas failed once a reference is followed.
        found = {name: paths for name in names if (paths := self._single[name].failures(request))}
        if not found:
            raise RuntimeError("a set of rules fails, but none of its rules does")
        return found

    def _compile_set(self, names: tuple[str, ...]) -> jsonschema_rs.Draft202012Validator:
        combined = _validator({"allOf": [self._schemas[name] for name in names]}, self._registry)
        self._sets[names] = combined
        return combined


class Rust:
    """Compiles with jsonschema-rs; patterns take linear time, and no reference is fetched from elsewhere."""

    name = "rust"

    def compile(self, schema: Mapping[str, JSON], resources: Mapping[str, Mapping[str, JSON]]) -> RustCheck:
        """As in Engine."""
        return self.prepare(resources)(schema)

    def prepare(self, resources: Mapping[str, Mapping[str, JSON]]) -> Callable[[Mapping[str, JSON]], RustCheck]:
        """As in Engine."""
        registry = _registry(resources)
        return lambda schema: RustCheck(_validator(to_portable(schema), registry))

    def gather(
        self, schemas: Mapping[str, Mapping[str, JSON]], resources: Mapping[str, Mapping[str, JSON]]
    ) -> RustChecks:
        """As in Engine."""
        return RustChecks(schemas, resources)


def _registry(resources: Mapping[str, Mapping[str, JSON]]) -> jsonschema_rs.Registry:
    contents = [(_BASE + name, to_portable(content)) for name, content in resources.items()]
    return jsonschema_rs.Registry(contents, retriever=_refuse_reference)


def _validator(schema: Mapping[str, JSON], registry: jsonschema_rs.Registry) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        dict(schema),
        registry=registry,
        retriever=_refuse_reference,
        pattern_options=jsonschema_rs.RegexOptions(),
        mask=_MASK,
    )


def _refuse_reference(uri: str) -> NoReturn:
    raise LookupError(f"{uri} is not loaded, and references are not fetched")
