"""The engine that decides: jsonschema-rs. Patterns take linear time, and no reference is fetched from elsewhere.

Where a schema fails, checks of the values themselves tell: errors of the engine have a copy of what fails. Most rules
lead by names to a few values, and ask something of each (Places); for others the engine lists its errors.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import NoReturn, TypeAlias, cast

import jsonschema_rs

from portero.decide.engine import Check, Engine, InstancePath, sort_paths
from portero.decide.engine.portable_schema import to_portable
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON

# Keywords that fail at the value itself, as in every engine.
_AT_VALUE = frozenset(
    (
        *("anyOf", "const", "contains", "enum", "not", "pattern", "required", "type", "uniqueItems"),
        *("maximum", "minimum", "maxItems", "minItems", "maxLength", "minLength"),
    )
)
_LEADING = ("allOf", "items", "properties")
# Names that lead to a value; None: to each entry of a list.
_Way: TypeAlias = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """`checks`: of the values that a way leads to."""

    checks: Sequence[tuple[_Way, Callable[[JSON], bool]]]

    def list_failures(self, request: JSON) -> set[InstancePath]:
        return {path for way, is_satisfied in self.checks for path in _follow(request, way, (), is_satisfied)}


def find_places(schema: JSON, way: _Way = ()) -> Iterator[tuple[_Way, Mapping[str, JSON]]]:
    """What a portable schema asks, and of what; raises LookupError where it can fail elsewhere."""
    if not isinstance(schema, dict):  # true: nothing
        return
    own = {keyword: value for keyword, value in schema.items() if keyword not in _LEADING}
    if not own.keys() <= _AT_VALUE:
        raise LookupError
    if own:
        yield way, own
    for inner in cast("list[JSON]", schema.get("allOf", [])):
        yield from find_places(inner, way)
    for name, inner in cast("dict[str, JSON]", schema.get("properties", {})).items():
        yield from find_places(inner, (*way, name))
    yield from find_places(schema.get("items"), (*way, None))


def _follow(value: JSON, way: _Way, path: InstancePath, is_satisfied: Callable[[JSON], bool]) -> Iterator[InstancePath]:
    for at, name in enumerate(way):
        if name is None:
            for index, entry in enumerate(value if isinstance(value, list) else ()):
                yield from _follow(entry, way[at + 1 :], (*path, index), is_satisfied)
            return
        if not isinstance(value, dict) or name not in value:
            return
        value, path = value[name], (*path, name)
    if not is_satisfied(value):
        yield path


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
