"""JSON objects in bytes, read as Go reads them or more strictly, and JSON merge patches (RFC 7396)."""

import json
from typing import NoReturn, TypeVar

from portero.decide.values.json_types import JSON
from portero.decide.values.spelling import find_twins

# Bytes; far more than any rule, site.json, key or daemon.json has. (/proc/sys answers ENOMEM to a read of 4 MiB.)
MAX_FILE_BYTES = 1 << 20


_Value = TypeVar("_Value")


class DuplicateName(ValueError):
    """An object has the same name twice; `name` is the first such name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__("duplicate name")


def unique_names(pairs: list[tuple[str, _Value]]) -> dict[str, _Value]:
    """An object_pairs_hook for json; raises DuplicateName."""
    document = dict(pairs)
    if len(document) != len(pairs):
        raise DuplicateName(find_twins([name for name, _ in pairs])[0])
    return document


class ConstantFound(ValueError):
    """NaN or an infinity, which JSON has not."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name} is not JSON")


def refuse_constant(name: str) -> NoReturn:
    """A parse_constant for json, which is called for NaN and the infinities; raises ConstantFound."""
    raise ConstantFound(name)


def load_json(data: bytes | str) -> JSON:
    """The JSON value in a text; of two equal names the last counts. Raises ValueError, also for one nested too deep."""
    try:
        value: JSON = json.loads(data)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    return value


def load_object(data: bytes | str) -> dict[str, JSON]:
    """The JSON object in a text, as load_json; raises ValueError for another value."""
    return _check_object(load_json(data))


def load_strict(data: bytes) -> JSON:
    """The JSON value in UTF-8 bytes, without what others read otherwise: NaN, and a name twice.

    Raises ValueError, and RecursionError.
    """
    value: JSON = json.loads(data.decode(), object_pairs_hook=unique_names, parse_constant=refuse_constant)
    return value


def load_strict_object(data: bytes) -> dict[str, JSON]:
    """The JSON object in UTF-8 bytes, as load_strict. Raises ValueError."""
    try:
        return _check_object(load_strict(data))
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _check_object(value: JSON) -> dict[str, JSON]:
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def apply_patch(target: JSON, patch: JSON) -> JSON:
    """The target with the patch applied: null removes a name, objects merge, anything else replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = apply_patch(result.get(name), value)
    return result
