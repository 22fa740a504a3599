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
    """Each set of schemas that is asked for as one schema (allOf): a request is read once for all of them."""

    def __init__(self, schemas: Mapping[str, Mapping[str, JSON]], resources: Mapping[str, Mapping[str, JSON]]) -> None:
        self._schemas = {name: to_portable(schema) for name, schema in schemas.items()}
        self._registry = _registry(resources)
        # The policy asks for a set or two for each operation.
        self._sets: dict[tuple[str, ...], jsonschema_rs.Draft202012Validator] = {}
        self._alone: dict[str, RustCheck] = {}
        if schemas:
            # What does not compile is found out now.
            self._compile_set(tuple(self._schemas))

    def __getitem__(self, name: str) -> RustCheck:
        return RustCheck(_validator(self._schemas[name], self._registry))

    def failures(self, names: tuple[str, ...], request: JSON) -> dict[str, tuple[InstancePath, ...]]:
        """As in Checks; RuntimeError when a set fails and none of its schemas does."""
        if not names:
            return {}
        combined = self._sets.get(names) or self._compile_set(names)
        if combined.is_valid(request):
            return {}
        found: dict[int, set[InstancePath]] = {}
        for error in combined.iter_errors(request):
            # ["allOf", the number of the schema, ...], references that were followed among them.
            keyword, number, *_ = error.evaluation_path
            if keyword != "allOf" or not isinstance(number, int):
                return self._check_each(names, request)
            found.setdefault(number, set()).add(tuple(error.instance_path))
        if not found:
            raise RuntimeError("a set of rules fails, but none of its rules does")
        return {names[number]: sort_paths(found[number]) for number in sorted(found)}

    def _check_each(self, names: tuple[str, ...], request: JSON) -> dict[str, tuple[InstancePath, ...]]:
        # jsonschema-rs 0.61 forgets the way to a reference below propertyNames: the error then begins at its target.
        for name in names:
            if name not in self._alone:
                self._alone[name] = self[name]
        found = {name: self._alone[name].failures(request) for name in names}
        return {name: paths for name, paths in found.items() if paths}

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
