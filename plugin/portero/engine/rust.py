"""The fast engine: jsonschema-rs. Importing this module fails where the package is not installed."""

from collections.abc import Mapping
from typing import NoReturn

import jsonschema_rs

from portero.engine.check import InstancePath, in_order
from portero.engine.onlyplace import only_place
from portero.engine.portable_schema import plain
from portero.types import JSON

# A reference without a scheme is resolved against this base (jsonschema-rs, DEFAULT_ROOT_URL in the referencing crate).
_BASE = "json-schema:///"
# Stands for the values in its messages, which nobody reads: to write them out takes long, and they may be secrets.
_MASK = "..."


class _Check:
    def __init__(self, validator: jsonschema_rs.Draft202012Validator, place: InstancePath | None) -> None:
        self._validator = validator
        self._place = place

    def holds(self, request: JSON) -> bool:
        """Quicker than to ask for no failures."""
        return self._validator.is_valid(request)

    def failures(self, request: JSON) -> tuple[InstancePath, ...]:
        return () if self.holds(request) else self.failed(request)

    def failed(self, request: JSON) -> tuple[InstancePath, ...]:
        """The failures of a request for which it does not hold; making errors of them takes the engine long."""
        if self._place is not None:
            return (self._place,)
        return in_order({tuple(error.instance_path) for error in self._validator.iter_errors(request)})


class _Checks:
    """Each schema alone, and each set of them that was asked for as one, whose branches are the schemas."""

    def __init__(self, schemas: Mapping[str, Mapping[str, JSON]], resources: Mapping[str, Mapping[str, JSON]]) -> None:
        self._schemas = {name: plain(schema) for name, schema in schemas.items()}
        self._registry = _registry(resources)
        self._alone = {
            name: _Check(_validator(schema, self._registry), only_place(schema, resources))
            for name, schema in self._schemas.items()
        }
        # The sets are the policy's: one for each operation.
        self._together: dict[tuple[str, ...], jsonschema_rs.Draft202012Validator] = {}

    def __getitem__(self, name: str) -> _Check:
        return self._alone[name]

    def failures(self, names: tuple[str, ...], request: JSON) -> dict[str, tuple[InstancePath, ...]]:
        if not names:
            return {}
        together = self._together.get(names) or self._compiled(names)
        if together.is_valid(request):
            return {}
        # The branches' errors say where in a schema they arose, and behind a reference no longer in which branch.
        alone = self._alone
        found = {name: alone[name].failed(request) for name in names if not alone[name].holds(request)}
        if not found:
            raise RuntimeError("the rules are broken together, and each alone is not")
        return found

    def _compiled(self, names: tuple[str, ...]) -> jsonschema_rs.Draft202012Validator:
        made = _validator({"allOf": [self._schemas[name] for name in names]}, self._registry)
        self._together[names] = made
        return made


class Rust:
    """Compiles with jsonschema-rs; patterns run in linear time, and nothing is fetched."""

    name = "rust"

    def compile(self, schema: Mapping[str, JSON], resources: Mapping[str, Mapping[str, JSON]]) -> _Check:
        return _Check(_validator(plain(schema), _registry(resources)), None)

    def gather(self, schemas: Mapping[str, Mapping[str, JSON]], resources: Mapping[str, Mapping[str, JSON]]) -> _Checks:
        return _Checks(schemas, resources)


def _registry(resources: Mapping[str, Mapping[str, JSON]]) -> jsonschema_rs.Registry:
    contents = [(_BASE + name, plain(content)) for name, content in resources.items()]
    return jsonschema_rs.Registry(contents, retriever=_refuse)


def _validator(schema: Mapping[str, JSON], registry: jsonschema_rs.Registry) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        dict(schema), registry=registry, retriever=_refuse, pattern_options=jsonschema_rs.RegexOptions(), mask=_MASK
    )


def _refuse(uri: str) -> NoReturn:
    raise LookupError(f"{uri} is not in memory, and nothing is fetched")
