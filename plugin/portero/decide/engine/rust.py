"""The engine that decides: jsonschema-rs. Patterns take linear time, and no reference is fetched from elsewhere.

Where a schema fails, checks of the values themselves tell: errors of the engine have a copy of what fails. Most rules
lead by names to a few values, and ask something of each (PlaceCheck); for others the engine lists its errors.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, NoReturn, TypeAlias, cast

import jsonschema_rs

from portero.decide.engine import Check, Engine, InstancePath, sort_paths
from portero.decide.engine.portable_schema import to_portable
from portero.decide.values.json_fields import JSON

# Keywords that fail at the value itself, as in every engine.
_AT_VALUE = frozenset(
    (
        *("anyOf", "const", "contains", "enum", "not", "pattern", "required", "type", "uniqueItems"),
        *("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum"),
        *("maxItems", "minItems", "maxLength", "minLength"),
    )
)
_LEADING = ("allOf", "else", "if", "items", "properties", "then")
# Names that lead to a value; None: to each entry of a list.
_Way: TypeAlias = tuple[Any, ...]
_Holds: TypeAlias = Callable[[JSON], bool]


class PlaceCheck(NamedTuple):
    """What is asked of each value that a way leads to, which fails where it does not hold.

    With `branches` it does not fail: they are what is asked of it where it holds, and where it does not.
    """

    way: _Way
    holds: _Holds
    branches: "tuple[Sequence[PlaceCheck], Sequence[PlaceCheck]] | None" = None


def find_places(
    schema: JSON,
    definitions: Mapping[str, dict[str, JSON]],
    compile_value: Callable[[dict[str, JSON] | bool], _Holds],
    way: _Way = (),
) -> Iterator[PlaceCheck]:
    """What a portable schema asks, and of what; raises LookupError where it can fail elsewhere.

    `definitions`: the schemas that references name.
    """
    if not isinstance(schema, dict):  # true: nothing
        return
    find = partial(find_places, definitions=definitions, compile_value=compile_value)
    own = {keyword: value for keyword, value in schema.items() if keyword not in _LEADING}
    referred = definitions[cast(str, own["$ref"])] if "$ref" in own else {}
    if not (own.keys() - {"$ref"} | referred.keys()) <= _AT_VALUE:
        raise LookupError
    if own:
        yield PlaceCheck(way, compile_value(own))
    if "if" in schema:
        branches = [*find(schema.get("then"))], [*find(schema.get("else"))]
        yield PlaceCheck(way, compile_value(cast("dict[str, JSON]", schema["if"])), branches)
    for inner in cast("list[JSON]", schema.get("allOf", [])):
        yield from find(inner, way=way)
    for name, inner in cast("dict[str, JSON]", schema.get("properties", {})).items():
        yield from find(inner, way=(*way, name))
    yield from find(schema.get("items"), way=(*way, None))


def _add_failures(found: set[InstancePath], value: JSON, path: InstancePath, places: Sequence[PlaceCheck]) -> None:
    for place in places:
        _follow(found, value, path, place, place.way)


def _follow(found: set[InstancePath], value: JSON, path: InstancePath, place: PlaceCheck, way: _Way) -> None:
    for at, name in enumerate(way):
        if name is None:
            for index, entry in enumerate(value if isinstance(value, list) else ()):
                _follow(found, entry, (*path, *way[:at], index), place, way[at + 1 :])
            return
        if not isinstance(value, dict) or name not in value:
            return
        value = value[name]
    holds = place.holds(value)
    if place.branches is not None:
        _add_failures(found, value, (*path, *way), place.branches[not holds])
    elif not holds:
        found.add((*path, *way))


# A reference without a scheme is resolved against this base (jsonschema-rs, DEFAULT_ROOT_URL in the referencing crate).
_BASE = "json-schema:///"
# Replaces the values in error messages, which are not used: writing values out is slow, and they can be secrets.
_MASK = "..."


def _prepare(resources: Mapping[str, Mapping[str, JSON]]) -> Callable[[Mapping[str, JSON]], Check]:
    contents = {name: to_portable(content) for name, content in resources.items()}
    definitions = {
        f"{name}#/$defs/{key}": schema
        for name, content in contents.items()
        for key, schema in cast("dict[str, JSON]", content.get("$defs", {})).items()
        if isinstance(schema, dict)
    }
    registry = jsonschema_rs.Registry(
        [(_BASE + name, content) for name, content in contents.items()], retriever=_refuse_reference
    )

    def make_validator(schema: dict[str, JSON] | bool) -> jsonschema_rs.Draft202012Validator:
        return jsonschema_rs.Draft202012Validator(
            schema,
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
            places = [*find_places(portable, definitions, lambda asked: make_validator(asked).is_valid)]
        except LookupError:
            places = None
        # The validator's own method: a create asks a hundred rules.
        return Check(validator.is_valid, partial(_list_failures, validator, places))

    return compile_schema


def _list_failures(
    validator: jsonschema_rs.Draft202012Validator, places: Sequence[PlaceCheck] | None, request: JSON
) -> tuple[InstancePath, ...]:
    paths: set[InstancePath] = set()
    if places is not None:
        _add_failures(paths, request, (), places)
    else:
        paths.update(tuple(error.instance_path) for error in validator.iter_errors(request))
    if not paths and validator.is_valid(request):
        return ()
    # Never satisfied for want of a path: then it fails as a whole.
    return sort_paths(paths or {()})


def _refuse_reference(uri: str) -> NoReturn:
    raise LookupError(f"{uri} is not loaded, and references are not fetched")


RUST = Engine("rust", _prepare)
