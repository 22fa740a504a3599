"""The fast engine: jsonschema-rs. Importing this module fails where the package is not installed."""

from collections.abc import Mapping
from typing import NoReturn

import jsonschema_rs

from portero.engine.check import InstancePath, in_order, plain
from portero.types import JSON

# A reference without a scheme is resolved against this base (jsonschema-rs, DEFAULT_ROOT_URL in the referencing crate).
_BASE = "json-schema:///"


class _Check:
    def __init__(self, validator: jsonschema_rs.Draft202012Validator) -> None:
        self._validator = validator

    def failures(self, request: JSON) -> tuple[InstancePath, ...]:
        return in_order({tuple(error.instance_path) for error in self._validator.iter_errors(request)})


class Rust:
    """Compiles with jsonschema-rs; patterns run in linear time, and nothing is fetched."""

    name = "rust"

    def compile(self, schema: Mapping[str, JSON], resources: Mapping[str, Mapping[str, JSON]]) -> _Check:
        contents = [(_BASE + name, plain(content)) for name, content in resources.items()]
        validator = jsonschema_rs.Draft202012Validator(
            plain(schema),
            registry=jsonschema_rs.Registry(contents, retriever=_refuse),
            retriever=_refuse,
            pattern_options=jsonschema_rs.RegexOptions(),
        )
        return _Check(validator)


def _refuse(uri: str) -> NoReturn:
    raise LookupError(f"{uri} is not in memory, and nothing is fetched")
