"""The default engine: jsonschema-rs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn

import jsonschema_rs

from portero.engine.by_place import CheckByPlace, split_by_place
from portero.engine.check import Check, InstancePath, sort_paths
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


@dataclass(frozen=True, slots=True)
class _Set:
    """Schemas that are checked as one (allOf, in the order of `names`), and those that are checked alone."""

    together: jsonschema_rs.Draft202012Validator
    names: tuple[str, ...]
    alone: tuple[str, ...]


class RustChecks:
    """Each set of schemas that is asked for as one schema: a request is read once for all of them."""

    def __init__(self, schemas: Mapping[str, Mapping[str, JSON]], resources: Mapping[str, Mapping[str, JSON]]) -> None:
        self._schemas = {name: to_portable(schema) for name, schema in schemas.items()}
        self._registry = _registry(resources)
        self._alone = {name: self._check_alone(schema) for name, schema in self._schemas.items() if _loses_way(schema)}
        # The policy asks for a set or two for each operation.
        self._sets: dict[tuple[str, ...], _Set] = {}
        # What does not compile is found out now.
        self._compile(tuple(self._schemas))

    def __getitem__(self, name: str) -> RustCheck:
        return self._check(self._schemas[name])

    def _check(self, schema: Mapping[str, JSON]) -> RustCheck:
        return RustCheck(_validator(schema, self._registry))

    def _check_alone(self, schema: Mapping[str, JSON]) -> Check:
        places = split_by_place(dict(schema))
        return self._check(schema) if places is None else CheckByPlace(places, self._check)

    def failures(self, names: tuple[str, ...], request: JSON) -> dict[str, tuple[InstancePath, ...]]:
        """As in Checks; RuntimeError when a set fails and the engine does not report which schema."""
        if not names:
            return {}
        self.make_ready(names)
        asked = self._sets[names]
        found = {} if asked.together.is_valid(request) else _failures(asked, request)
        alone = {name: paths for name in asked.alone if (paths := self._alone[name].failures(request))}
        if not alone:
            return found
        found |= alone
        return {name: found[name] for name in names if name in found}

    def make_ready(self, names: tuple[str, ...]) -> None:
        """As in Checks."""
        if names not in self._sets:
            self._sets[names] = self._compile(names)

    def _compile(self, names: tuple[str, ...]) -> _Set:
        joint = tuple(name for name in names if name not in self._alone)
        # A list of schemas is not empty.
        schemas: list[JSON] = [self._schemas[name] for name in joint] or [True]
        compiled = _validator({"allOf": schemas}, self._registry)
        return _Set(compiled, joint, tuple(name for name in names if name in self._alone))


def _failures(asked: _Set, request: JSON) -> dict[str, tuple[InstancePath, ...]]:
    found: dict[int, set[InstancePath]] = {}
    for error in asked.together.iter_errors(request):
        # ["allOf", the number of the schema, ...], references that were followed among them.
        keyword, number, *_ = error.evaluation_path
        if keyword != "allOf" or not isinstance(number, int):
            raise RuntimeError("a rule fails, and the engine does not tell which one")
        found.setdefault(number, set()).add(tuple(error.instance_path))
    if not found:
        raise RuntimeError("a set of rules fails, but none of its rules does")
    return {asked.names[number]: sort_paths(found[number]) for number in sorted(found)}


def _loses_way(schema: JSON, *, below_names: bool = False) -> bool:
    """Whether errors of a schema may not tell the way to it.

    Below propertyNames jsonschema-rs 0.61 forgets it at a reference: the way begins anew at what is referred to.
    """
    if isinstance(schema, list):
        return any(_loses_way(one, below_names=below_names) for one in schema)
    if not isinstance(schema, dict):
        return False
    return (below_names and "$ref" in schema) or any(
        _loses_way(value, below_names=below_names or keyword == "propertyNames") for keyword, value in schema.items()
    )


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
