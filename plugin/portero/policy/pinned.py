"""Whether the match of an exception pins the image by digest, or the user: a schema in, yes or no out."""

import re
from collections.abc import Callable, Mapping
from typing import cast

from portero.types import JSON

_DIGEST_AT = ("facts", "image", "digest")
_USER_AT = ("identity", "user")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


def pins_image(match: JSON) -> bool:
    """Whether only requests match whose `facts.image.digest` is one that the match names in full."""
    return _pins(match, _DIGEST_AT, lambda value: _DIGEST.fullmatch(value) is not None)


def pins_user(match: JSON) -> bool:
    """Whether only requests match whose `identity.user` is one that the match names; on a Unix socket it is empty."""
    return _pins(match, _USER_AT, lambda value: value != "")


def _pins(schema: JSON, way: tuple[str, ...], accepts: Callable[[str], bool]) -> bool:
    if not isinstance(schema, dict):
        return False
    if any(_pins(each, way, accepts) for each in cast(list[JSON], schema.get("allOf", []))):
        return True
    if not way:
        values = [schema["const"]] if "const" in schema else cast(list[JSON], schema.get("enum", []))
        return values != [] and all(isinstance(value, str) and accepts(value) for value in values)
    return _pins(cast(Mapping[str, JSON], schema.get("properties", {})).get(way[0]), way[1:], accepts)
