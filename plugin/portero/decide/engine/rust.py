"""The engine that decides: jsonschema-rs. Patterns take linear time, and no reference is fetched from elsewhere."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NoReturn

import jsonschema_rs

from portero.decide.engine import Check, Engine, InstancePath, sort_paths
from portero.decide.engine.places import Places, find_places
from portero.decide.engine.portable_schema import to_portable
from portero.decide.values.json_types import JSON

# A reference without a scheme is resolved against this base (jsonschema-rs, DEFAULT_ROOT_URL in the referencing crate).
_BASE = "json-schema:///"
# Replaces the values in error messages, which are not used: writing values out is slow, and they can be secrets.
_MASK = "..."


def _prepare(resources: Mapping[str, Mapping[str, JSON]]) -> Callable[[Mapping[str, JSON]], Check]:
    contents = [(_BASE + name, to_portable(content)) for name, content in resources.items()]
    registry = jsonschema_rs.Registry(contents, retriever=_refuse_reference)

    def make_validator(schema: Mapping[str, JSON]) -> jsonschema_rs.Draft202012Validator:
        return jsonschema_rs.Draft202012Validator(
            dict(schema),
            registry=registry,
            retriever=_refuse_reference,
            pattern_options=jsonschema_rs.RegexOptions(),
            mask=_MASK,
        )

    def compile_schema(schema: Mapping[str, JSON]) -> Check:
        portable = to_portable(schema)
        validator = make_validator(portable)
        try:
            # Now: no request waits until it is compiled.
            places = Places([(way, make_validator(asked).is_valid) for way, asked in find_places(portable)])
        except LookupError:
            places = None
        # The validator's own method: a create asks a hundred rules.
        return Check(validator.is_valid, partial(_list_failures, validator, places))

    return compile_schema


def _list_failures(
    validator: jsonschema_rs.Draft202012Validator, places: Places | None, request: JSON
) -> tuple[InstancePath, ...]:
    if places is not None:
        return sort_paths(places.list_failures(request))
    paths: set[InstancePath] = {tuple(error.instance_path) for error in validator.iter_errors(request)}
    if not paths and validator.is_valid(request):
        return ()
    # Never satisfied for want of a path: then it fails as a whole.
    return sort_paths(paths or {()})


def _refuse_reference(uri: str) -> NoReturn:
    raise LookupError(f"{uri} is not loaded, and references are not fetched")


RUST = Engine("rust", _prepare)
