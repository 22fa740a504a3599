"""Reads the policy's JSON files; each fault becomes one sentence with a cure, without a library's words.

A document with a name twice in one object is refused: the reader of the file and the program could each take another.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from portero.decide.engine.rust import RUST
from portero.decide.values.errors import ContentRefused
from portero.decide.values.json_fields import JSON
from portero.decide.values.json_objects import ConstantFound, DuplicateName, describe_syntax, load_strict
from portero.decide.values.spelling import format_path, suggest_name

if TYPE_CHECKING:  # slow to load, and needed only for a document that has faults
    from jsonschema import ValidationError


def parse_object(data: bytes) -> dict[str, JSON]:
    """The JSON object in a file of the policy; raises ContentRefused."""
    document = _load(data)
    if not isinstance(document, dict):
        raise ContentRefused("is not a JSON object: write {...}")
    if _is_deeper(document, _MAX_DEPTH):
        raise ContentRefused("nests too deep: make it flatter")
    return document


def _load(data: bytes) -> JSON:
    try:
        document = load_strict(data)
        if b"\\u" in data:  # only an escape makes half a character
            json.dumps(document, ensure_ascii=False).encode()
    except DuplicateName as error:
        raise ContentRefused(
            f"says '{error.name}' twice in one object{_find_twins(error.name, data)}: keep one"
        ) from error
    except ConstantFound as error:
        raise ContentRefused(f"has {error.name}, which is not JSON: write a number") from error
    except UnicodeEncodeError as error:
        raise ContentRefused("has an escape that is half a character, such as \\ud800: write the character") from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ContentRefused(f"is not UTF-8 at line {line}: save it as UTF-8") from error
    except json.JSONDecodeError as error:
        raise ContentRefused(f"is not JSON at {describe_syntax(error)}") from error
    except RecursionError as error:
        raise ContentRefused("nests too deep: make it flatter") from error
    except ValueError as error:
        # Python reads at most 4300 digits.
        raise ContentRefused("has a number of thousands of digits: write a shorter one") from error
    return document


def _is_deeper(document: dict[str, JSON], levels: int) -> bool:
    """Whether values lie inside each other so often; what reads a schema calls itself for each level."""
    layer: list[Any] = [document]
    for _ in range(levels - 1):
        layer = [
            inner
            for one in layer
            for inner in (one.values() if type(one) is dict else one)
            if type(inner) in (dict, list)
        ]
        if not layer:
            return False
    return any(layer)


def _find_twins(name: str, data: bytes) -> str:
    """The lines of both, where the name does not stand a third time."""
    text = data.decode()
    matches = [*re.finditer(rf"{re.escape(json.dumps(name, ensure_ascii=False))}\s*:", text)]
    if len(matches) != 2:
        return ""
    first, second = (text.count("\n", 0, match.start()) + 1 for match in matches)
    return f" (line {first})" if first == second else f" (lines {first} and {second})"


FindFaults: TypeAlias = Callable[[JSON], list[str]]


def compile_faults(schema: Mapping[str, JSON]) -> FindFaults:
    """A function from a document to a sentence for each way in which it breaks the schema, in its own order.

    Who has many documents of a kind makes it once. The schema is compiled for the first of them.
    """
    compiled = cache(lambda: RUST.compile(schema, {}).is_satisfied)
    return lambda document: [] if compiled()(document) else [*dict.fromkeys(_list_faults(document, schema))]


def _list_faults(document: JSON, schema: Mapping[str, JSON]) -> Iterator[str]:
    from portero.decide.engine.reference import VALIDATOR

    validator = VALIDATOR(dict(schema))
    for error in sorted(validator.iter_errors(document), key=lambda error: [str(step) for step in error.absolute_path]):
        for sentence in _describe_error(error, schema):
            at = format_path(error.absolute_path)
            yield f"{at}: {sentence}" if at else sentence


def _describe_error(error: "ValidationError", schema: Mapping[str, JSON]) -> Iterator[str]:
    # The library's hints leave these open; its reports always fill them.
    value: Any = cast(Any, error.validator_value)
    violated: Any = error.schema
    instance: Any = cast(Any, error.instance)
    if error.validator == "required":
        shapes = violated.get("properties", {})
        for name in (name for name in value if name not in instance):
            only = shapes.get(name, {})
            add = f': add "{name}": {json.dumps(only["const"])}' if "const" in only else ""
            yield f"'{name}' is missing" + (add or (f": {only['cure']}" if "cure" in only else ""))
    elif error.validator in ("additionalProperties", "unevaluatedProperties"):
        names = sorted(_list_property_names(violated, schema))
        yield from (f"'{name}' is unknown{suggest_name(name, names)}" for name in instance if name not in names)
    elif "cure" in violated:
        yield str(violated["cure"])
    else:
        example = _write_as_list(error, schema) if error.validator == "type" else ""
        wanted = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        is_empty = error.validator in _COUNTS and value == 1
        must = _NOT_EMPTY if is_empty else _MUST.get(str(error.validator), "is not what the schema says")
        yield must.format(wanted) + example


def _write_as_list(error: "ValidationError", schema: Mapping[str, JSON]) -> str:
    """The usual slip, one value where a list of such belongs, as it is to be written."""
    value = cast(JSON, error.instance)
    if cast(Any, error.validator_value) != "array" or isinstance(value, dict):
        return ""
    from portero.decide.engine.reference import VALIDATOR

    is_meant = isinstance(value, str) and VALIDATOR(dict(schema)).evolve(schema=error.schema).is_valid([value])
    return (
        f": write {json.dumps([value])}"
        if is_meant and len(str(value)) <= _MAX_SHOWN_LENGTH
        else ": write a list in [ ]"
    )


def _list_property_names(schema: Any, root: Mapping[str, JSON]) -> set[str]:
    """The property names of a schema and of the `$defs` entry that it refers to."""
    names = set(schema.get("properties", {}))
    reference = schema.get("$ref")
    if reference is not None:
        definitions = cast("dict[str, Any]", root["$defs"])
        names |= _list_property_names(definitions[reference.removeprefix("#/$defs/")], root)
    return names


_MAX_DEPTH = 64
_MAX_SHOWN_LENGTH = 60

_COUNTS = ("minItems", "minProperties", "minLength")
_NOT_EMPTY = "must not be empty"
_MUST: Mapping[str, str] = {
    "type": "must be of type {}",
    "enum": "must be one of {}",
    "minItems": "must have at least {} entries",
    "minProperties": "must have at least {} entries",
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "uniqueItems": "must not say the same twice",
    "pattern": "must match {}",
    "dependentRequired": "must not have then or else without if",
}
