"""The engine that decides: jsonschema-rs. Patterns take linear time, and no reference is fetched from elsewhere."""

from collections.abc import Callable, Mapping
from typing import NoReturn

import jsonschema_rs

from portero.engine import Engine, InstancePath, sort_paths
from portero.engine.portable_schema import to_portable
from portero.values.json_types import JSON

# A reference without a scheme is resolved against this base (jsonschema-rs, DEFAULT_ROOT_URL in the referencing crate).
_BASE = "json-schema:///"
# Replaces the values in error messages, which are not used: writing values out is slow, and they can be secrets.
_MASK = "..."


class RustCheck:
    def __init__(self, validator: jsonschema_rs.Draft202012Validator) -> None:
        self._validator = validator
        # The validator's own method: a create asks a hundred rules.
        self.is_satisfied: Callable[[JSON], bool] = validator.is_valid

    def failures(self, request: JSON) -> tuple[InstancePath, ...]:
        paths: set[InstancePath] = {tuple(error.instance_path) for error in self._validator.iter_errors(request)}
        if not paths and self.is_satisfied(request):
            return ()
        # Never satisfied for want of a path: then it fails as a whole.
        return sort_paths(paths or {()})


class Rust(Engine):
    name = "rust"

    def prepare(self, resources: Mapping[str, Mapping[str, JSON]]) -> Callable[[Mapping[str, JSON]], RustCheck]:
        contents = [(_BASE + name, to_portable(content)) for name, content in resources.items()]
        registry = jsonschema_rs.Registry(contents, retriever=_refuse_reference)
        return lambda schema: RustCheck(
            jsonschema_rs.Draft202012Validator(
                to_portable(schema),
                registry=registry,
                retriever=_refuse_reference,
                pattern_options=jsonschema_rs.RegexOptions(),
                mask=_MASK,
            )
        )


def _refuse_reference(uri: str) -> NoReturn:
    raise LookupError(f"{uri} is not loaded, and references are not fetched")


# It has no state: one for all.
RUST = Rust()
